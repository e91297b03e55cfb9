"use strict";
(() => {
  const section = document.querySelector(".claims"), form = section.querySelector(".filter");
  const body = section.querySelector("tbody"), rows = [...body.rows];
  const heads = [...section.querySelectorAll("thead th")];
  const names = ["verdict", "report", "q"];
  let sorted = {};
  // On phones rows are drawn as blocks, after which browsers no longer take them for a table.
  const roles = {table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", th: "columnheader",
    td: "cell"};
  for (const [tag, role] of Object.entries(roles))
    for (const element of section.querySelectorAll(tag)) element.setAttribute("role", role);

  // The choice is in the address, after #claims; any other address is a place on the page.
  function read() {
    const [place, choice = ""] = location.hash.slice(1).split("?");
    if (place !== "claims") return;
    const found = new URLSearchParams(choice);
    for (const name of names) {
      form[name].value = found.get(name) ?? "";
      // What is no option chooses all.
      if (form[name].value !== (found.get(name) ?? "")) form[name].value = "";
    }
    const [column, direction] = (found.get("sort") ?? "").split(",");
    sorted = heads[column] ? {column: Number(column), down: direction === "down"} : {};
    show();
    if (choice) document.getElementById("claims").scrollIntoView();
  }
  function write() {
    const choice = new URLSearchParams();
    for (const name of names) if (form[name].value) choice.set(name, form[name].value);
    if ("column" in sorted) choice.set("sort", `${sorted.column},${sorted.down ? "down" : "up"}`);
    const text = String(choice);
    history.replaceState(null, "", "#claims" + (text ? "?" + text : ""));
    show();
  }
  function show() {
    const words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !((!form.verdict.value || row.classList.contains(form.verdict.value))
        && (!form.report.value || row.dataset.report === form.report.value)
        && words.every(word => text.includes(word)));
      count += !row.hidden;
    }
    form.querySelector("output").value = `${count} of ${rows.length}`;
    const {column, down} = sorted;
    const order = [...rows];
    if (column !== undefined) {
      const key = row => row.cells[column].textContent.trim();
      const collator = new Intl.Collator("en", {numeric: true});
      order.sort((a, b) => collator.compare(key(a), key(b)) * (down ? -1 : 1));
    }
    body.append(...order);
    heads.forEach((head, i) => i === column
      ? head.setAttribute("aria-sort", down ? "descending" : "ascending")
      : head.removeAttribute("aria-sort"));
  }
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      sorted = {column, down: sorted.column === column && !sorted.down};
      write();
    });
  });
  form.addEventListener("input", write);
  form.addEventListener("reset", () => setTimeout(() => { sorted = {}; write(); }));
  form.addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", read);
  for (const link of document.querySelectorAll("[data-choice]")) {
    link.hash = "claims?" + link.dataset.choice;
    // The address may be there already, changed by hand or scrolled away from.
    link.addEventListener("click", () => setTimeout(read));
  }
  read();

  // Pictures that nobody has scrolled to are to be printed, too.
  addEventListener("beforeprint", () => {
    for (const image of document.images) image.loading = "eager";
  });

  for (const button of document.querySelectorAll(".copy"))
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
})();
