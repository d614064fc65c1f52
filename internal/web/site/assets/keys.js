// Keys. An element says by data-key which key clicks it, so the keys that are
// listed are exactly those that work on the page as it stands.

const filterable = "[data-include], [data-term]";

export function keys(markRow, filterBy) {
  let first = ""; // "g" of "g e"
  let pointed = null;

  const dialog = document.getElementById("keys");
  const help = document.getElementById("help");
  if (help) {
    help.hidden = false;
    help.addEventListener("click", () => list(dialog));
  }

  document.addEventListener("pointerover", (event) => (pointed = event.target.closest(filterable)));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog?.open) return;
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = first ? first + " " + event.key : event.key;
    first = "";
    if (act(key, event)) {
      event.preventDefault();
    } else if (event.key === "g") {
      first = "g";
    }
  });

  function act(key, event) {
    switch (key) {
      case "/":
        return focusQuery();
      case "j":
        return move(1);
      case "k":
        return move(-1);
      case "Enter":
        return event.target.closest("a, button, summary") ? false : open();
      case "f":
      case "F":
        return filter(key === "F");
      case "s":
        if (!document.querySelector('[data-key="s"]')) return addSelected();
    }
    const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!target || target.disabled) return false;
    if (target instanceof SVGElement) target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    else target.click();
    return true;
  }

  function focusQuery() {
    const query = document.getElementById("q");
    query?.focus();
    query?.select();
    return Boolean(query);
  }

  function move(by) {
    const rows = [...document.querySelectorAll("tr[data-row]")];
    if (rows.length === 0) return false;
    const at = rows.findIndex((row) => row.classList.contains("sel"));
    const row = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    markRow(row);
    row.scrollIntoView({ block: "nearest" });
    if (!document.getElementById("drawer")?.hidden) row.querySelector("[data-drawer]")?.click();
    return true;
  }

  function open() {
    const link = document.querySelector("tr.sel .rowlink");
    link?.click();
    return Boolean(link);
  }

  // addSelected opens the row that is selected and adds its record to the case.
  function addSelected() {
    if (!document.getElementById("drawer") || !open()) return false;
    document.addEventListener("konseki:shown", () => document.querySelector('#drawer [data-key="s"]')?.click(), { once: true });
    return true;
  }

  function filter(out) {
    const value = document.activeElement?.closest(filterable) ?? pointed;
    if (!value?.isConnected) return false;
    filterBy(value, out);
    return true;
  }
}

// list shows the keys that work here and now.
function list(dialog) {
  const body = dialog.querySelector("tbody");
  body.replaceChildren();
  const rows = document.getElementById("rows");
  const query = document.getElementById("q");
  if (query) add(body, "/", query.labels[0]?.firstElementChild.textContent);
  if (rows) {
    add(body, "j k", rows.dataset.move);
    add(body, "Enter", rows.dataset.open);
    if (rows.dataset.filter) add(body, "f F", rows.dataset.filter);
  }
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    const key = element.dataset.key;
    if (!key || seen.has(key)) continue;
    seen.add(key);
    add(body, key, element.dataset.label || element.textContent.trim());
  }
  dialog.showModal();
}

function add(body, key, label) {
  const row = body.insertRow();
  const cell = row.insertCell();
  for (const name of key.split(" ")) {
    const kbd = document.createElement("kbd");
    kbd.textContent = name;
    cell.append(kbd, " ");
  }
  row.insertCell().textContent = label;
}
