"""A person at the screen: looks (pictures, words on them), clicks, types.

Standard library only; the hands are xdotool, import, convert and tesseract. Every wait has a limit and says what it
waited for; what was on the screen then is kept beside the pictures.
"""

import os
import pathlib
import subprocess
import time

#: How long a person would wait for the slowest machine to show something, seconds.
PATIENCE = 60.0
#: Words are read on a picture this much larger: text of 11 points is too small for the reader.
SCALE = 3


class NotSeen(Exception):
    """Something that had to be on the screen was not."""


def run(*command, check=True, **kwargs):
    return subprocess.run(command, check=check, capture_output=True, text=True, **kwargs).stdout


class Word:
    def __init__(self, text, left, top, width, height):
        self.text = text
        self.x = left + width // 2
        self.y = top + height // 2
        self.left = left
        self.top = top


class Screen:
    """The display, and the folder that pictures go to."""

    def __init__(self, out):
        self.out = pathlib.Path(out)

    # looking

    def picture(self, name):
        """Keeps a picture of the whole screen and returns its path."""
        path = self.out / f"{name}.png"
        run("import", "-silent", "-window", "root", str(path))
        return path

    def words(self, area=None):
        """Words on the screen, or in `area` = (left, top, width, height), each with its place."""
        shot = self.out / "look.png"
        crop = []
        left = top = 0
        if area:
            left, top, width, height = area
            crop = ["-crop", f"{width}x{height}+{left}+{top}", "+repage"]
        run("import", "-silent", "-window", "root", str(shot))
        # Dark text on light reads best: whatever the theme, the ground is made light.
        gray = ["-colorspace", "Gray", "-resize", f"{SCALE * 100}%"]
        mean = float(run("convert", str(shot), *crop, "-colorspace", "Gray", "-format", "%[fx:mean]", "info:"))
        if mean < 0.5:
            gray.append("-negate")
        run("convert", str(shot), *crop, *gray, str(shot))
        table = run(
            "tesseract", str(shot), "-", "--psm", "11", "tsv",
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
        found = []
        for line in table.splitlines()[1:]:
            cells = line.split("\t")
            if len(cells) == 12 and cells[11].strip():
                x, y, w, h = (int(cell) // SCALE for cell in cells[6:10])
                found.append(Word(cells[11].strip(), left + x, top + y, w, h))
        return found

    def text(self, area=None):
        return " ".join(word.text for word in self.words(area))

    def find(self, word, area=None):
        """The first place where `word` stands, reading from the top; None if nowhere."""
        for seen in sorted(self.words(area), key=lambda seen: (seen.top, seen.left)):
            if seen.text.strip("·.,:;|()[]{}").lower() == word.lower():
                return seen
        return None

    def wait_for(self, *wanted, area=None, patience=PATIENCE, gone=False):
        """Waits until all words are to be read (or none of them, if `gone`)."""
        end = time.monotonic() + patience
        text = ""
        while time.monotonic() < end:
            text = self.text(area)
            seen = [word.lower() in text.lower() for word in wanted]
            if (not any(seen)) if gone else all(seen):
                return text
            time.sleep(0.5)
        self.picture("failed")
        (self.out / "failed.txt").write_text(text)
        verb = "still there" if gone else "not seen"
        raise NotSeen(f"{verb} within {patience:.0f} s: {wanted}; the screen read: {text[:600]}")

    def sees(self, word, area=None, patience=10.0):
        """Whether the word comes to be read within a short while."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if word.lower() in self.text(area).lower():
                return True
            time.sleep(0.5)
        return False

    # hands

    def move(self, x, y):
        run("xdotool", "mousemove", str(x), str(y))

    def click(self, x, y, button=1):
        run("xdotool", "mousemove", str(x), str(y), "sleep", "0.1", "click", str(button))

    def click_word(self, word, area=None, dx=0, dy=0):
        """Clicks the first place where `word` stands."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if seen := self.find(word, area):
                self.click(seen.x + dx, seen.y + dy)
                return seen
            time.sleep(0.5)
        self.picture("failed")
        raise NotSeen(f"no {word!r} to click; the screen reads: {self.text(area)[:600]}")

    def keys(self, *chords):
        for chord in chords:
            run("xdotool", "key", "--clearmodifiers", chord)
            time.sleep(0.15)

    def type(self, text):
        run("xdotool", "type", "--delay", "25", text)
        time.sleep(0.2)
