// The page itself. Whatever comes out of a bundle is hostile: it becomes text,
// and what would not be seen in it is made visible.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const visible = (text) => String(text).replace(HIDDEN, (c) => `[U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);

function el(name, text, ...children) {
  const [tag, ...classes] = name.split(".");
  const e = document.createElement(tag);
  if (classes.length > 0) e.className = classes.join(" ");
  if (text !== null && text !== undefined) e.textContent = visible(text);
  e.append(...children);
  return e;
}

const CITES_SHOWN = 20, SENTENCES_SHOWN = 200, PROBLEMS_SHOWN = 200;
const SIGNS = { proven: "✓", partly: "◐", unshown: "○", uncited: "–", broken: "✗" };
let last = null; // what was verified last: {report} or {refused}

function recordOf(report, seq) {
  const r = report.record(seq), box = el("div.record");
  box.dataset.seq = seq;
  if (!r) return box.append(el("p.bad", `${say("record")} ${seq}: ${say("broken")}`)), box;
  const head = [`${say("record")} ${seq}`, r.source && `${say("source")} ${r.source}`, r.received && `${say("received")} ${r.received}`].filter(Boolean);
  box.append(el("p.about", head.join(" · ")));
  if (r.why) box.append(el("p", `${say(r.why)}. ${r.bare ? say("sealedNot") : say("sealedStill")}`.replace("。.", "。")));
  else if (r.text === undefined) box.append(el("p", say("notKept")));
  else box.append(el("pre", r.text + (r.cut ? say("cut") : "")));
  return box;
}

function sentenceOf(report, s) {
  const head = el("summary", null, el(`span.sign.${s.state}`, SIGNS[s.state]), el("span", sayBoth(s.text)), el("span.state", say(s.state)));
  const box = el("details.sentence", null, head);
  box.dataset.state = s.state;
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    for (const seq of s.cites.slice(0, CITES_SHOWN)) box.append(recordOf(report, seq));
    if (s.cites.length > CITES_SHOWN) box.append(el("p", `${s.cites.length - CITES_SHOWN} ${say("moreCites")}`));
  });
  return box;
}

function sentencesOf(report) {
  const section = el("section", null, el("h2", say("sentences")));
  const list = report.sentences ?? [];
  const add = (from) => {
    for (const s of list.slice(from, from + SENTENCES_SHOWN)) section.append(sentenceOf(report, s));
    if (list.length <= from + SENTENCES_SHOWN) return;
    const more = el("button", `${say("moreSentences")} (${list.length - from - SENTENCES_SHOWN})`);
    more.addEventListener("click", () => { more.remove(); add(from + SENTENCES_SHOWN); });
    section.append(more);
  };
  add(0);
  return section;
}

function anchorsOf(report) {
  const section = el("section", null, el("h2", say("anchors")));
  if (report.anchors.length === 0) section.append(el("p", say("anchorNone")));
  for (const a of report.anchors) {
    const how = a.held ? "anchorHeld" : a.kind === "timestamp" ? "anchorStamp" : "anchorNot";
    const when = a.time ? ` (${new Date(a.time * 1000).toISOString()})` : "";
    section.append(el("p", null, el(`span.sign.${a.held ? "proven" : "uncited"}`, a.held ? "✓" : "–"), el("span", `${a.who}${when}: ${say(how)}`)));
  }
  if (report.anchored > 0) section.append(el("p", `${report.anchored} ${say("anchored")}`));
  return section;
}

function factsOf(report) {
  const list = el("dl");
  const add = (label, text, note) => list.append(el("dt", label), el("dd", text, ...(note ? [el("p.note", note)] : [])));
  add(say("case_"), `${report.case ?? ""}  ${sayBoth(report.title ?? {})}`);
  add(say("issued"), `${report.at ?? ""}  ${report.by ?? ""}`);
  add(say("records"), String(report.records), report.masked + report.withheld > 0 ? `${report.masked} / ${report.withheld} ${say("hidden")}` : "");
  add(say("key"), report.key ?? "", say(report.pinned ? "keyGiven" : "keyOwn"));
  return list;
}

function problemsOf(report) {
  const section = el("section", null, el("h2", say("problems"))), list = el("ul.problems");
  for (const p of report.problems.slice(0, PROBLEMS_SHOWN)) list.append(el("li", p[language === "ja" ? 1 : 0]));
  if (report.problems.length > PROBLEMS_SHOWN) list.append(el("li", `${report.problems.length - PROBLEMS_SHOWN} ${say("more")}`));
  section.append(list);
  return section;
}

function draw() {
  document.documentElement.lang = language;
  for (const e of document.querySelectorAll("[data-say]")) e.textContent = say(e.dataset.say);
  for (const e of document.querySelectorAll("[data-lang]")) e.setAttribute("aria-pressed", String(e.dataset.lang === language));
  const out = document.getElementById("result");
  out.replaceChildren();
  out.dataset.state = last ? (last.refused ? "refused" : last.report.ok ? "good" : "bad") : "";
  if (!last) return;
  if (last.refused) {
    out.append(el("p.verdict.bad", say("refused") + last.refused));
    return;
  }
  const report = last.report;
  out.append(el(`p.verdict.${report.ok ? "good" : "bad"}`, say(report.ok ? "good" : "bad")));
  if (!report.ok) out.append(problemsOf(report));
  out.append(factsOf(report), anchorsOf(report), sentencesOf(report));
}

let running = 0;

async function take(file) {
  const run = ++running, progress = document.getElementById("progress"), pin = document.getElementById("pin").value.trim();
  last = null;
  draw();
  progress.hidden = false;
  progress.value = 0;
  let outcome;
  let shown = 0;
  try {
    outcome = { report: await verify(file, pin, (done, total) => {
      if (done - shown > 2 ** 20 && run === running) { shown = done; progress.value = done / total; }
    }) };
  } catch (e) {
    outcome = { refused: e.message };
  }
  if (run !== running) return; // another file was dropped meanwhile
  last = outcome;
  progress.hidden = true;
  draw();
}

function start() {
  const drop = document.getElementById("drop"), choose = document.getElementById("file");
  choose.addEventListener("change", () => { if (choose.files.length > 0) take(choose.files[0]); });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => drop.classList.remove("over"));
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    if (e.dataTransfer.files.length > 0) take(e.dataTransfer.files[0]);
  });
  document.getElementById("pin").addEventListener("change", () => { if (choose.files.length > 0) take(choose.files[0]); });
  for (const b of document.querySelectorAll("[data-lang]")) b.addEventListener("click", () => { language = b.dataset.lang; draw(); });
  draw();
}

if (typeof document !== "undefined") start();
