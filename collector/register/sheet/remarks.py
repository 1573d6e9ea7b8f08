"""What is to be said about a sheet: mistakes that stop its import, and notices that do not."""

from __future__ import annotations

from dataclasses import dataclass

from probes.text import BanjunError, Text

WHOLE_LINE = Text("", "")
"""The column of a remark about a line as a whole."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell: where it is, what stands in it, and what to do about it."""

    line: int
    column: Text
    value: str
    text: Text

    def full(self) -> Text:
        zh_column = f"，“{self.column.zh}”列" if self.column.zh else ""
        en_column = f', column "{self.column.en}"' if self.column.en else ""
        zh_value = f"，值“{self.value}”" if self.value else ""
        en_value = f", value {self.value!r}" if self.value else ""
        return Text(
            f"第 {self.line} 行{zh_column}{zh_value}：{self.text.zh}。",
            f"Line {self.line}{en_column}{en_value}: {self.text.en}.",
        )


class SheetError(BanjunError):
    """The sheet has mistakes; all of them, in order of lines."""

    def __init__(self, mistakes: list[Remark]) -> None:
        self.mistakes = sorted(mistakes, key=lambda m: m.line)
        zh = "\n".join(m.full().zh for m in self.mistakes)
        en = "\n".join(m.full().en for m in self.mistakes)
        n = len(mistakes)
        super().__init__(
            Text(
                f"文件有 {n} 处错误，什么都没有导入：\n{zh}",
                f"{n} mistake{'s' if n > 1 else ''} in the file; nothing was imported:\n{en}",
            )
        )
