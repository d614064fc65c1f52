// What pages do beyond links and forms; everything here works without it too,
// by a full load.
import { show } from "./load.js";
import { brush } from "./chart.js";
import { editor } from "./editor.js";
import { keys } from "./keys.js";

let here = location.href;
const drawerKeys = ["record", "pivot", "gap"];

// goDrawer opens a link in the drawer of this page.
function goDrawer(url) {
  here = url;
  show(url, "drawer", "drawer", true);
}

// goBody shows another state of this page.
export function goBody(url) {
  show(url, "body", "body", true).then(() => (here = location.href));
}

function closeDrawer(url) {
  const drawer = document.getElementById("drawer");
  drawer.replaceChildren();
  drawer.hidden = true;
  history.pushState(null, "", url);
  here = location.href;
  document.querySelector("tr.sel .rowlink")?.focus();
}

// without gives an address without what only the drawer shows.
function without(href) {
  const url = new URL(href);
  drawerKeys.forEach((key) => url.searchParams.delete(key));
  return url.pathname + url.search;
}

function samePage(link) {
  return link.pathname === location.pathname;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  const link = event.target.closest("a[href]");
  if (!link) {
    clickRow(event);
    return;
  }
  const filter = (event.shiftKey && filterBy(link, true)) || (event.altKey && (link.dataset.just || filterBy(link, false)));
  if (filter) {
    event.preventDefault();
    follow(filter);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  route(event, link);
});

// filterBy gives the address of this search narrowed by a link's value, or by
// its absence.
function filterBy(link, out) {
  const { term, include, exclude } = link.dataset;
  if (!term) return out ? exclude : include;
  const url = new URL(location.pathname === "/explore" ? location.href : "/explore", location.href);
  [...drawerKeys, "after"].forEach((key) => url.searchParams.delete(key));
  const query = url.searchParams.toString();
  url.search = `${query}${query && "&"}${out ? "not" : "and"}=${term}`; // the term is escaped already
  return url.href;
}

// follow shows a search on this page, or goes to the page that can.
function follow(url) {
  if (new URL(url, location.href).pathname === location.pathname && document.getElementById("q")) goBody(url);
  else location.assign(url);
}

// A story that is opened stands in the address, so that the address can be
// handed on; those that are open stay in it while the drawer comes and goes.
document.addEventListener("toggle", (event) => {
  const story = event.target.dataset?.story;
  if (!story) return;
  const url = new URL(location.href);
  const others = url.searchParams.getAll("open").filter((id) => id !== story);
  url.searchParams.delete("open");
  (event.target.open ? [...others, story] : others).forEach((id) => url.searchParams.append("open", id));
  if (url.href === location.href) return;
  history.replaceState(null, "", url);
  here = location.href;
}, true);

function keepOpen(target) {
  if (!document.querySelector("[data-story]")) return;
  target.searchParams.delete("open");
  new URL(location.href).searchParams.getAll("open").forEach((id) => target.searchParams.append("open", id));
}

function route(event, link) {
  const data = link.dataset;
  // An SVG link has no path of its own and its address in an animated value.
  const target = new URL(typeof link.href === "string" ? link.href : link.href.baseVal, location.href);
  if (data.set) {
    const [key, value] = data.set.split("=");
    const url = new URL(location.href);
    url.searchParams.set(key, value);
    event.preventDefault();
    location.assign(url);
  } else if (data.fragment && document.getElementById(data.into)) {
    event.preventDefault();
    show(data.fragment, "", data.into, false);
  } else if ("close" in data) {
    event.preventDefault();
    keepOpen(target);
    closeDrawer(target);
  } else if ("drawer" in data && samePage(target) && document.getElementById("drawer")) {
    event.preventDefault();
    markRow(link.closest("tr[data-row]"));
    keepOpen(target);
    goDrawer(target.href);
  } else if ("body" in data && samePage(target)) {
    event.preventDefault();
    goBody(target.href);
  }
}

function clickRow(event) {
  const row = event.target.closest("tr[data-row]");
  if (row && !event.target.closest("button, input, summary") && getSelection().isCollapsed) {
    row.querySelector(".rowlink")?.click();
  }
}

function markRow(row) {
  if (!row) return;
  document.querySelectorAll("tr.sel").forEach((other) => other.classList.remove("sel"));
  row.classList.add("sel");
}

addEventListener("popstate", () => {
  const drawerOnly = without(here) === without(location.href);
  here = location.href;
  if (!drawerOnly || !document.getElementById("drawer")) location.reload();
  else show(location.href, "drawer", "drawer", false);
});

// poll follows a running verification until it ends.
async function poll() {
  const job = document.getElementById("job");
  if (!job?.dataset.poll) return;
  await new Promise((resolve) => setTimeout(resolve, 700));
  await show(job.dataset.poll, "", "job", false);
  if (!document.getElementById("job").dataset.poll) {
    document.querySelectorAll("button[disabled]").forEach((button) => (button.disabled = false));
  }
  poll();
}

editor();
brush(goBody);
keys(markRow, (link, out) => follow(filterBy(link, out)));
poll();
