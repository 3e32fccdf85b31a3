"""What people do on the site, step by step."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from webapp.site.examples.catalogue import EXAMPLES

LEARNING_MS = 90_000
"""How long a busy machine may take to learn; a free one takes a second or two."""

DROP = """([target, files]) => {
  const transfer = new DataTransfer();
  for (const file of files) {
    const bytes = Uint8Array.from(atob(file.base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], file.name, { type: file.type }));
  }
  if (target) for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  } else document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
}"""


def signs(subject: str) -> list[Path]:
    """Return the drawings of one sign of the example."""
    example = EXAMPLES["signs"]
    return [example.file(name) for name in example.support_names[subject]]


def query(subject: str) -> Path:
    """Return a drawing of the sign that no support set holds."""
    example = EXAMPLES["signs"]
    return example.file(next(name for name in example.query_names if name.endswith(subject)))


class Visitor:
    """A person at a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def button(self, name: str) -> Locator:
        """Find a button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def start(self) -> None:
        """Start a classifier of one's own."""
        self.page.goto("/")
        self.button("New classifier").click()
        self.page.wait_for_url("**/support-sets/*/")

    def card(self, name: str) -> Locator:
        """Find the card of a class."""
        return self.page.locator(".class-slot").filter(has=self.page.get_by_role("list", name=f"Pictures of {name}"))

    def add_class(self, name: str) -> Locator:
        """Add a class, and return its card."""
        self.page.get_by_label("Add a class").fill(name)
        self.button("Add").click()
        expect(self.page.get_by_label("Add a class")).to_have_value("")
        return self.card(name)

    def upload(self, name: str, files: Sequence[Path]) -> None:
        """Choose files for a class."""
        with self.page.expect_file_chooser() as chooser:
            self.button(f"Upload for {name}").click()
        chooser.value.set_files(files)

    def drop(self, target: Locator, files: Sequence[Path]) -> None:
        """Drop files on something."""
        self.page.evaluate(DROP, [target.element_handle(), [_as_json(file) for file in files]])

    def paste(self, files: Sequence[Path]) -> None:
        """Paste files."""
        self.page.evaluate(DROP, [None, [_as_json(file) for file in files]])

    def teach(self, *subjects: str) -> None:
        """Make a class of each sign, with its three drawings."""
        self.start()
        for subject in subjects:
            self.add_class(subject.capitalize())
            self.upload(subject.capitalize(), signs(subject))
        for subject in subjects:
            expect(self.card(subject.capitalize()).locator(".picture")).to_have_count(3, timeout=30_000)

    def learn(self) -> None:
        """Press Learn, and wait until it has learned."""
        expect(self.button("Learn")).to_be_enabled()
        self.button("Learn").click()
        self.page.wait_for_url("**/classifiers/*/")
        self.wait_until_learned()

    def wait_until_learned(self) -> None:
        """Wait until the classifier takes questions."""
        expect(self.page.get_by_role("heading", name="What is this?")).to_be_visible(timeout=LEARNING_MS)

    def ask(self, *files: Path) -> Locator:
        """Choose query pictures, and return the answers."""
        before = self.results.count()
        with self.page.expect_file_chooser() as chooser:
            self.button("Choose pictures to be sorted").click()
        chooser.value.set_files(list(files))
        expect(self.results).to_have_count(before + len(files), timeout=LEARNING_MS)
        return self.results

    @property
    def results(self) -> Locator:
        """Find the answers, the latest first."""
        return self.page.locator(".result")

    def answer(self, file: Path) -> Locator:
        """Find the answer for one picture."""
        return self.results.filter(has=self.page.get_by_text(file.name, exact=True)).first


def _as_json(file: Path) -> dict[str, str]:
    kinds = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg"}
    content = base64.b64encode(file.read_bytes()).decode()
    return {"name": file.name, "type": kinds.get(file.suffix, ""), "base64": content}
