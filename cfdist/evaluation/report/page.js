"use strict";
// Sorting is a convenience: without it every table is complete, sorted by the primary metric.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.querySelector("tr.columns").cells];
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim().replace("−", "-").replaceAll(",", "");
    const number = parseFloat(text);
    return Number.isNaN(number) ? text : number;
  };
  heads.forEach((head, column) => {
    if (head.classList.contains("chart")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.ariaSort !== "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.ariaSort = down ? "descending" : "ascending";
      const order = (a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        const numbers = typeof x === "number" && typeof y === "number";
        if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
        return (numbers ? x - y : x.localeCompare(y)) * (down ? -1 : 1);
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
// Paper cannot be clicked.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
