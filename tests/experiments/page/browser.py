"""Runs a script in a page, in a headless browser, where there is one."""

import html
import json
import re
import shutil
import subprocess

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
REPORT = """
<script>
window.addEventListener("load", async () => {
  let found;
  try { found = await (%s)(); } catch (error) { found = {error: String(error.stack)}; }
  document.body.dataset.found = JSON.stringify(found);
});
</script>
"""


def run_in_page(path, function, tmp_path, width=1280, dark=False, fragment=""):
    """What a JavaScript function, source text, returns in a page once it has loaded.

    Also the lines that the page wrote to the console.
    """
    # A copy beside the page, whose pictures load at once.
    probed = path.with_name(f".probed_{width}.html")
    content = path.read_text().replace('loading="lazy"', "")
    probed.write_text(content.replace("</body>", REPORT % function + "</body>"))
    try:
        done = subprocess.run(
            [
                *(BROWSER, *QUIET, "--dump-dom", "--enable-logging=stderr"),
                *(["--blink-settings=preferredColorScheme=0"] if dark else []),
                *(f"--window-size={width},2000", f"--user-data-dir={tmp_path / 'profile'}"),
                *("--virtual-time-budget=20000", probed.as_uri() + fragment),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        probed.unlink()
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    (found,) = re.findall(r'data-found="([^"]*)"', done.stdout)
    return json.loads(html.unescape(found)), console
