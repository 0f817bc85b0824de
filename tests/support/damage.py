"""SDP with a few lines lost, doubled, exchanged or scribbled over."""

from __future__ import annotations

from hypothesis import strategies as st


def damaged(data: st.DataObject, text: str, *, times: int = 1) -> str:
    """Return `text` after one to `times` such accidents, which `data` draws."""
    lines = text.split("\r\n")
    for _ in range(data.draw(st.integers(1, times))):
        position = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap", "edit"])):
            case "drop":
                del lines[position]
            case "double":
                lines.insert(position, lines[position])
            case "swap":
                other = data.draw(st.integers(0, len(lines) - 1))
                lines[position], lines[other] = lines[other], lines[position]
            case _:
                cut = data.draw(st.integers(0, len(lines[position])))
                lines[position] = lines[position][:cut] + data.draw(st.text("ab:=/; 019~\r\n", max_size=8))
    return "\r\n".join(lines)
