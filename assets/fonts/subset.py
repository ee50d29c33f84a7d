#!/usr/bin/env python3
"""Makes the font files of this folder. Run by hand, never by a build; the results are committed.

    subset.py icons PHOSPHOR_DIR      Icons-Regular.ttf, Icons-Fill.ttf, Icons-Bold.ttf
    subset.py cjk [NOTO_TTC]          CJK-Regular.otf
    subset.py text [FONTS_DIR]        Inter-*.otf, Mono-*.ttf

Needs fontTools (Debian `fonttools`, PyPI `fonttools`). Where the sources come from:

* icons: the folder `res` of the crate egui-phosphor 0.14.0 (Phosphor 2.1, MIT), which holds Phosphor.ttf,
  Phosphor-Fill.ttf and Phosphor-Bold.ttf. Which icons are kept is read from app/src/theme/icon.rs.
* cjk: Debian's fonts-noto-cjk.
* text: Debian's fonts-inter and fonts-jetbrains-mono.

Files are written beside this script, without time stamps, so that the same input gives the same bytes.
"""

import re
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent
ICON_TABLE = HERE.parent.parent / "app" / "src" / "theme" / "icon.rs"

NOTO_TTC = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
NOTO_SC_FACE = 2  # JP, KR, SC, TC, HK, then the same five in mono
DEBIAN_FONTS = Path("/usr/share/fonts")

# Latin, Greek, Cyrillic, punctuation, arrows and the marks that the window prints.
# What a face does not have is left out silently: the fallback chain supplies it.
TEXT_RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F),  # Latin, Latin-1, Extended-A
    (0x370, 0x45F),  # Greek, Cyrillic
    (0x2010, 0x2027), (0x2030, 0x203A),  # dashes, quotes, ellipsis, per mille, primes
    (0x2070, 0x209C), (0x20AC, 0x20AC),  # super- and subscripts, euro
    (0x2190, 0x2199), (0x21A9, 0x21A9), (0x21B5, 0x21B5), (0x21E7, 0x21E7),  # arrows, return, shift
    (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265),  # − ≈ ≠ ≤ ≥
    (0x2303, 0x2303), (0x2318, 0x2318), (0x2325, 0x2325), (0x23CE, 0x23CE),  # keys: ⌃ ⌘ ⌥ ⏎
    (0x25A0, 0x25CF),  # squares, triangles, circles
    (0x2713, 0x2713), (0x2717, 0x2717),  # ✓ ✗
]

# Beyond GB2312: full-width forms and CJK punctuation it lacks, and marks the text faces lack.
CJK_EXTRA = [
    (0x3000, 0x303F), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6),
    (0x2500, 0x257F), (0x2588, 0x2588), (0x258F, 0x258F),  # box drawing in payloads, blocks
    (0x25CB, 0x25CB), (0x25D0, 0x25D1), (0x25E6, 0x25E6),  # ○ ◐ ◑ ◦
    (0x221E, 0x221E), (0x23CE, 0x23CE), (0x2423, 0x2423), (0x26A0, 0x26A0),  # ∞ ⏎ ␣ ⚠
]

# Inter's tabular figures: egui cannot ask for a font feature, so they become the digits.
TABULAR = "tnum"


def expand(ranges):
    return {point for first, last in ranges for point in range(first, last + 1)}


def options(features):
    chosen = subset.Options()
    chosen.layout_features = features
    chosen.notdef_outline = True
    chosen.recalc_timestamp = False
    chosen.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # the names, the copyright and the license
    chosen.name_languages = [0x409]
    # Short glyph names are of no use to a renderer.
    chosen.glyph_names = False
    return chosen


def reduce(font, points, features=()):
    worker = subset.Subsetter(options(list(features)))
    worker.populate(unicodes=points)
    worker.subset(font)


def rename(font, family, style="Regular"):
    """Gives a modified face a name of its own: no reserved or trade-marked name on what is not the original."""
    names = {1: family, 2: style, 3: f"{family} {style}", 4: f"{family} {style}",
             6: f"{family}-{style}".replace(" ", "")}
    table = font["name"]
    table.names = [record for record in table.names if record.nameID not in (16, 17, 21, 22)]
    for name_id, text in names.items():
        for record in [r for r in table.names if r.nameID == name_id]:
            table.removeNames(nameID=name_id, platformID=record.platformID)
        table.setName(text, name_id, 3, 1, 0x409)
    if "CFF " in font:
        compact = font["CFF "].cff
        compact.fontNames = [names[6]]
        top = compact.topDictIndex[0]
        top.FullName, top.FamilyName = names[4], family


def save(font, name):
    path = HERE / name
    font.save(path)
    print(f"{name}: {len(TTFont(path).getBestCmap())} characters, {path.stat().st_size} bytes")


def icons(folder):
    table = ICON_TABLE.read_text(encoding="utf-8")
    wanted = {int(point, 16): name
              for name, point in re.findall(r"pub const (\w+): char = '\\u\{([0-9a-f]+)\}';", table)}
    if not wanted:
        sys.exit(f"no icons found in {ICON_TABLE}")
    for source, target in (("Phosphor", "Icons-Regular"), ("Phosphor-Fill", "Icons-Fill"),
                           ("Phosphor-Bold", "Icons-Bold")):
        font = TTFont(folder / f"{source}.ttf", recalcTimestamp=False)
        missing = [name for point, name in wanted.items() if point not in font.getBestCmap()]
        if missing:
            sys.exit(f"{source}.ttf has no {', '.join(missing)}")
        reduce(font, wanted)
        save(font, f"{target}.ttf")


def gb2312():
    """The characters of GB2312: symbols and kana of rows 1-9, the 6,763 Han characters of rows 16-87."""
    points = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                points.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                pass
    return points


def cjk(collection):
    font = TTFont(collection, fontNumber=NOTO_SC_FACE, recalcTimestamp=False)
    if font["name"].getDebugName(1) != "Noto Sans CJK SC":
        sys.exit(f"face {NOTO_SC_FACE} of {collection} is {font['name'].getDebugName(1)}, not Noto Sans CJK SC")
    # Hints stay: a sixth of the file, and what keeps thin strokes apart at 13 points on a 1x screen.
    # Letters come from Inter and JetBrains Mono, which stand before this face in every fallback chain.
    letters = expand([(0x20, 0x24F), (0x370, 0x52F)])
    reduce(font, (gb2312() | expand(CJK_EXTRA)) - letters)
    # Vertical writing is never drawn, and its metrics are a tenth of the file.
    for table in ("vhea", "vmtx", "VORG", "BASE"):
        if table in font:
            del font[table]
    rename(font, "Callscope CJK")
    save(font, "CJK-Regular.otf")


def tabular_figures(font):
    """Points the ten digits at their tabular glyphs."""
    layout = font["GSUB"].table
    swaps = {}
    for record in layout.FeatureList.FeatureRecord:
        if record.FeatureTag == TABULAR:
            for index in record.Feature.LookupListIndex:
                for table in layout.LookupList.Lookup[index].SubTable:
                    swaps.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    digits = {ord(digit): swaps[font.getBestCmap()[ord(digit)]] for digit in "0123456789"}
    for table in font["cmap"].tables:
        if ord("0") in table.cmap:
            table.cmap.update(digits)


def text(folder):
    # Without `calt` the mono face draws `!=` and `==` as typed and byte columns stay aligned.
    features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    for weight in ("Regular", "Medium", "SemiBold"):
        font = TTFont(folder / "opentype/inter" / f"Inter-{weight}.otf", recalcTimestamp=False)
        tabular_figures(font)
        reduce(font, expand(TEXT_RANGES), features)
        save(font, f"Inter-{weight}.otf")
    for weight in ("Regular", "Medium"):
        font = TTFont(folder / "truetype/jetbrains-mono" / f"JetBrainsMono-{weight}.ttf", recalcTimestamp=False)
        reduce(font, expand(TEXT_RANGES), features)
        save(font, f"Mono-{weight}.ttf")


def main(arguments):
    match arguments:
        case ["icons", folder]:
            icons(Path(folder))
        case ["cjk", *rest] if len(rest) <= 1:
            cjk(Path(rest[0]) if rest else NOTO_TTC)
        case ["text", *rest] if len(rest) <= 1:
            text(Path(rest[0]) if rest else DEBIAN_FONTS)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
