"""Charts as SVG without other libraries: panels with axes, marks, lines and text, in the style of the other pictures of
docs/. Lengths on the page are points, from the upper left corner.
"""

import math
from xml.sax.saxutils import escape

BLUE, ORANGE, GREEN, RED, GREY = "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#666666"
FONT_SIZE = 9


class Picture:
    """A white page of width x height points."""

    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, text, anchor="start", colour="black", size=FONT_SIZE, turned=False, bold=False):
        """Puts the text with its baseline at y; anchor is start, middle or end; turned text runs upwards."""
        self.add(f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" fill="{colour}" font-size="{size:g}"'
                 + (' font-weight="bold"' if bold else "")
                 + (f' transform="rotate(-90 {x:.2f} {y:.2f})"' if turned else "") + f">{escape(text)}</text>")

    def line(self, points, colour, width=1.2, dashes=""):
        path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
        self.add(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"'
                 + (f' stroke-dasharray="{dashes}"' if dashes else "") + "/>")

    def mark(self, shape, x, y, colour, size=3.2, filled=True):
        """Draws a dot, square or triangle of about 2 size points across; filled ones have a white edge, to be told apart."""
        fill, edge = (colour, "white") if filled else ("white", colour)
        look = f'fill="{fill}" stroke="{edge}" stroke-width="{0.6 if filled else 1:g}"'
        if shape == "dot":
            self.add(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{size:g}" {look}/>')
        elif shape == "square":
            self.add(f'<rect x="{x - size:.2f}" y="{y - size:.2f}" width="{2 * size:g}" height="{2 * size:g}" {look}/>')
        elif shape == "triangle":
            corners = [(x - size, y + size), (x + size, y + size), (x, y - size)]
            self.add('<polygon points="' + " ".join(f"{a:.2f},{b:.2f}" for a, b in corners) + f'" {look}/>')
        else:
            raise ValueError(f"{shape}: no such mark")

    def write(self, path):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:g}pt" height="{self.height:g}pt" '
                f'viewBox="0 0 {self.width:g} {self.height:g}" font-family="DejaVu Sans, Verdana, sans-serif">')
        page = f'<rect width="{self.width:g}" height="{self.height:g}" fill="white"/>'
        path.write_text("\n".join([head, page, *self.parts, "</svg>"]) + "\n", encoding="utf-8")


def steps_of(low, high, most=7):
    """Round numbers from low to high, at most `most` of them."""
    exact = (high - low) / most
    power = 10.0 ** math.floor(math.log10(exact))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= exact * (1 - 1e-9))
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def written(value):
    return f"{value:g}".replace("-", "−")


class Panel:
    """A rectangle of a picture in which x runs over across = (low, high) and y over up = (low, high)."""

    def __init__(self, picture, left, top, width, height, across, up):
        self.picture, self.left, self.top, self.width, self.height = picture, left, top, width, height
        self.across, self.up = across, up

    def x(self, value):
        return self.left + (value - self.across[0]) / (self.across[1] - self.across[0]) * self.width

    def y(self, value):
        return self.top + self.height - (value - self.up[0]) / (self.up[1] - self.up[0]) * self.height

    def axes(self, x_label, y_label="", title="", x_steps=7, y_steps=7):
        """Draws grid, frame, numbers and labels; without a y_label the panel has no numbers up its side."""
        right, bottom = self.left + self.width, self.top + self.height
        for value in steps_of(*self.across, x_steps):
            self.picture.line([(self.x(value), self.top), (self.x(value), bottom)], "#e5e5e5", 0.8)
            self.picture.text(self.x(value), bottom + 13, written(value), "middle")
        for value in steps_of(*self.up, y_steps) if y_label else []:
            self.picture.line([(self.left, self.y(value)), (right, self.y(value))], "#e5e5e5", 0.8)
            self.picture.text(self.left - 5, self.y(value) + 3, written(value), "end")
        self.picture.add(f'<rect x="{self.left:g}" y="{self.top:g}" width="{self.width:g}" height="{self.height:g}" '
                         'fill="none" stroke="black" stroke-width="0.8"/>')
        self.picture.text(self.left + self.width / 2, bottom + 28, x_label, "middle")
        if y_label:
            self.picture.text(self.left - 34, self.top + self.height / 2, y_label, "middle", turned=True)
        if title:
            self.picture.text(self.left, self.top - 8, title, size=10, bold=True)

    def mark(self, shape, x, y, colour, **look):
        self.picture.mark(shape, self.x(x), self.y(y), colour, **look)

    def line(self, points, colour, width=1.2, dashes=""):
        self.picture.line([(self.x(x), self.y(y)) for x, y in points], colour, width, dashes)
