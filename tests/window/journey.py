"""The main journey through the real window: find a service, call it, read its bytes, watch it fail, keep the call.

Everything is done by mouse and keyboard and judged by what is to be read on the screen (and, for saved calls, in the
file). Pictures of every station are kept; those that the README shows have the names that it uses.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from screen import NotSeen, Screen, run

# Areas of the 1440x900 window, (left, top, width, height).
SIDEBAR = (60, 40, 290, 830)
REQUEST = (352, 118, 544, 500)
ANSWER = (896, 118, 540, 500)
DOCK = (352, 626, 1084, 246)
STATUS_BAR = (0, 876, 1440, 24)
MAIN = (60, 40, 1376, 832)


def step(name):
    print(f"  {name}", flush=True)


def journey(screen, files):
    step("the window opens on a living world")
    screen.wait_for("registry", "calculator", "orders", area=SIDEBAR)
    screen.wait_for("Start with a call", area=MAIN)
    screen.picture("empty")

    step("find: the methods of orders")
    # The caret of the row, left of the name.
    orders = screen.find("orders", SIDEBAR)
    screen.click(orders.left - 28, orders.y)
    screen.wait_for("orders-1", "shop.Orders", area=SIDEBAR)
    # Instances join and leave, and rows move under the hand; a person just clicks again.
    for _ in range(4):
        if place := screen.find("Place", SIDEBAR):
            screen.click(place.x, place.y)
        else:
            screen.click_word("shop.Orders", SIDEBAR)
        if screen.sees("customer_id", area=REQUEST):
            break
    screen.wait_for("customer_id", "unit_price", area=REQUEST)

    step("call: Ctrl+Enter sends, the answer is a tree")
    screen.keys("ctrl+Return")
    screen.wait_for("OK", "total_minor", "8330", area=ANSWER)
    screen.wait_for("Attempt", area=DOCK)
    screen.picture("call")

    step("bytes: the frames of this call, a field and its bytes")
    screen.keys("ctrl+shift+f")
    text = screen.wait_for("REQUEST", "DATA", area=MAIN)
    assert "shop.Orders" in text or "Place" in text, text
    screen.click_word("REQUEST", (60, 120, 520, 700))
    screen.wait_for("stream", "method", area=(560, 90, 360, 700))
    screen.wait_for("0000", "0010", area=(900, 90, 540, 300))
    screen.click_word("method", (560, 120, 360, 600))
    screen.picture("traffic")

    step("watch: repeated calls move the plots, a breaker opens and closes again")
    screen.keys("ctrl+1")
    screen.wait_for("customer_id", area=REQUEST)
    screen.keys("ctrl+shift+r")
    screen.keys("ctrl+4")
    screen.wait_for("orders-1", "orders-2", "orders-3", "p50", area=MAIN)
    screen.wait_for("OPEN", area=(60, 620, 1040, 250), patience=120)
    # The list of changes names the states as they come: CLOSED beside HALF_OPEN means it recovered.
    screen.wait_for("HALF_OPEN", "CLOSED", area=(1094, 690, 340, 180), patience=120)
    screen.picture("plots")
    screen.keys("ctrl+1")
    screen.keys("ctrl+shift+r")

    step("keep: the call is saved to a file, closed, and opened from the list")
    screen.keys("ctrl+s")
    saved = files / "kept-order.call.yaml"
    end = time.monotonic() + 30
    while not saved.exists():
        assert time.monotonic() < end, f"{saved} was not written"
        time.sleep(0.2)
    text = saved.read_text()
    assert "shop.Orders/Place" in text and "A1-204" in text and "callscope: 1" in text, text
    screen.keys("ctrl+w")
    screen.wait_for("Start with a call", area=MAIN)
    screen.keys("ctrl+2")
    screen.click_word("kept-order", SIDEBAR)
    screen.wait_for("customer_id", area=REQUEST)
    screen.keys("ctrl+Return")
    screen.wait_for("OK", "total_minor", area=ANSWER)

    step("stream: ticks arrive until they are cancelled")
    screen.keys("ctrl+k")
    screen.type("Ticker/Watch")
    screen.wait_for("ticker", area=(376, 190, 690, 44))
    screen.keys("Return")
    screen.wait_for("interval_ms", area=REQUEST)
    screen.keys("ctrl+Return")
    screen.wait_for("Streaming", area=ANSWER)
    time.sleep(2)
    screen.picture("stream")
    screen.move(900, 20)
    screen.keys("Escape")
    screen.wait_for("CANCELLED", area=ANSWER)

    step("light: the theme changes at once")
    for _ in range(3):
        before = brightness(screen)
        screen.keys("ctrl+k")
        screen.type("switch between light")
        screen.keys("Return")
        time.sleep(1)
        if brightness(screen) > 0.7:
            break
    assert brightness(screen) > 0.7, f"still dark: {before}"
    screen.wait_for("CANCELLED", area=ANSWER)
    screen.picture("light")


def brightness(screen):
    path = screen.picture("look")
    return float(run("convert", str(path), "-colorspace", "Gray", "-format", "%[fx:mean]", "info:"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--openbox", required=True)
    arguments = parser.parse_args()
    screen = Screen(arguments.out)
    with tempfile.TemporaryDirectory() as home:
        # The sample workspace, which the first start unpacks and opens.
        files = pathlib.Path(home) / "data" / "callscope" / "sample"
        # A home of its own: the first start of a new user. No bus: nothing of the machine's desktop is asked.
        environment = {
            **os.environ,
            "HOME": home,
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_RUNTIME_DIR": home,
            "CALLSCOPE_DIALOG_SAVE": str(files / "kept-order.call.yaml"),
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        environment.pop("WAYLAND_DISPLAY", None)
        manager = subprocess.Popen(["openbox", "--config-file", arguments.openbox], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        program = subprocess.Popen([arguments.binary], env=environment, stderr=subprocess.PIPE, text=True)
        failed = None
        try:
            journey(screen, files)
            step("close: politely, and everything is kept")
            run("wmctrl", "-c", "Callscope")
            code = program.wait(timeout=30)
            assert code == 0, f"the window closed with status {code}"
            kept = list(pathlib.Path(home).rglob("state.json"))
            assert kept, "nothing was kept for the next start"
        except (NotSeen, AssertionError, subprocess.SubprocessError) as error:
            failed = error
        finally:
            if program.poll() is None:
                program.send_signal(signal.SIGKILL)
            _, errors = program.communicate()
            manager.terminate()
            manager.wait()
    panics = [line for line in errors.splitlines() if "panicked" in line]
    if failed or panics:
        print(f"window journey: FAILED: {failed or panics}", file=sys.stderr)
        print(errors[-4000:], file=sys.stderr)
        return 1
    print("window journey: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
