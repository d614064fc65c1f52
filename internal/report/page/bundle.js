// A bundle of format 3 as docs/format.md describes it.

const NEEDED = ["issue.json", "evidence.jsonl", "case.json", "key.pub"];
const MAX_SHOWN = 64 * 2 ** 20; // bytes of records kept to be shown
const GONE = ["expired", "shredded", "locked"];

// unique refuses JSON with two members of one name: two readers would take
// different ones. It has been parsed already, so that it is sound.
function unique(text) {
  const open = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  let name = null;
  for (let m = token.exec(text); m; m = token.exec(text)) {
    const t = m[0], names = open[open.length - 1];
    if (t === "{") open.push(new Set());
    else if (t === "[") open.push(null);
    else if (t === "}" || t === "]") open.pop();
    else if (t === ":" && names) {
      need(!names.has(name), `a member stands twice: ${name}`);
      names.add(name);
    } else if (t[0] === '"') name = JSON.parse(t);
  }
}

function parse(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}

class Bundle {
  constructor(file, onProgress) {
    this.file = file;
    this.done = 0;
    this.onProgress = onProgress ?? (() => {});
    this.sums = new Map(); // of files read so far
    this.problems = []; // [English, Japanese]
    this.records = new Map(); // seq → {why, text, masked, received, source}
    this.kept = 0;
    this.under = []; // batches under the last checkpoint
    this.anchors = [];
    this.report = { ok: false, records: 0, masked: 0, withheld: 0, anchored: 0 };
  }

  progress(n) {
    this.done += n;
    this.onProgress(this.done, this.total);
  }

  problem(en, ja) {
    if (this.problems.length < 10000) this.problems.push([en, ja ?? en]);
  }

  // attempt does a part of the work; what goes wrong is a problem of it.
  async attempt(part, work) {
    try {
      await work();
    } catch (e) {
      this.problem(`${part}: ${e.message}`);
    }
  }

  async whole(name) {
    return new Member(this, name).whole();
  }

  // verify gives the report. It throws Refused for what is no bundle at all.
  async verify(pinned) {
    this.files = await unzip(this.file);
    this.total = [...this.files.values()].reduce((n, f) => n + f.size, 0);
    if (this.files.has("records.jsonl") && !this.files.has("evidence.jsonl")) throw new Refused("a bundle of format 2: use the program");
    for (const name of NEEDED) if (!this.files.has(name)) throw new Refused(`not a konseki bundle: ${name} is missing`);
    await this.attempt("key.pub", () => this.key(pinned));
    await this.attempt("issue.json", () => this.issue());
    await this.attempt("case.json", async () => { this.case = parse(await this.whole("case.json")); });
    await this.attempt("evidence.jsonl", () => this.evidence());
    await this.attempt("anchors.jsonl", () => this.remembered());
    await this.compare();
    await this.attempt("case.json", () => this.cited());
    return Object.assign(this.report, { ok: this.problems.length === 0, problems: this.problems, pinned: Boolean(pinned), files: this.files.size, key: this.keyText, anchors: this.anchors });
  }

  async key(pinned) {
    const own = new TextDecoder().decode(await this.whole("key.pub")).trim();
    this.keyText = pinned || own;
    this.keys = [];
    if (pinned && pinned !== own) this.problem("the bundle carries another public key than the one given", "束の公開鍵が、入力された鍵と違う");
    this.keys = keysOf(this.keyText);
  }

  async issue() {
    const bytes = await this.whole("issue.json"), text = new TextDecoder().decode(bytes), issue = parse(bytes);
    unique(text);
    const d = await provenIn(issue.record, issue.proof, this.keys);
    need(d.shown, "the sealed record is no issue of a bundle");
    const said = parse(d.shown);
    need(issue.record.source === "konseki.report" && said.op === "export" && typeof said.files === "object", "the sealed record is no issue of a bundle");
    this.listed = said.files;
    Object.assign(this.report, { case: said.case, by: said.by, at: said.at, origin: this.keys[0].name });
    if (said.format !== 3) this.problem(`it was issued in format ${said.format} and is not of that format`, `形式 ${said.format} として発行されているが、そうなっていない`);
  }

  async evidence() {
    const state = { log: null, batch: null, last: 0 };
    let n = 0;
    for await (const bytes of new Member(this, "evidence.jsonl").lines()) {
      n++;
      await this.attempt(`evidence.jsonl line ${n}`, () => this.line(parse(bytes), state));
    }
    this.log = state.log;
  }

  async line(l, state) {
    need(["checkpoint", "batch", "record"].filter((k) => l[k] !== undefined).length === 1, "a line is one of checkpoint, batch and record");
    if (l.checkpoint !== undefined) {
      state.log = state.batch = null;
      state.log = await checkpointOf(l.checkpoint, this.keys);
      this.under = [];
    } else if (l.batch) {
      state.batch = null;
      need(state.log, "the batch is under no checkpoint that holds");
      state.batch = batchIn(l.batch, state.log);
      this.under.push(state.batch);
    } else {
      this.record(l, l.record, state);
    }
  }

  record(l, r, state) {
    need(number(r.seq) > state.last, `record ${r.seq} stands twice or out of order`);
    state.last = r.seq;
    need(r.gone === undefined || GONE.includes(r.gone), `record ${r.seq}: it is not said why it is not shown`);
    if (l.leaf_version === undefined) {
      need(r.gone && Object.keys(r).length === 2, `record ${r.seq} comes without a proof`);
      this.records.set(r.seq, { why: r.gone, bare: true });
      return;
    }
    need(state.batch, `record ${r.seq} is under no batch that holds`);
    const d = recordIn(r, l.leaf_version, l.path, state.batch);
    need(!r.gone || d.shown === null, `record ${r.seq} is said to be ${r.gone}, and is shown`);
    state.batch.records++;
    this.report.records++;
    if (d.masked) this.report.masked++;
    if (d.shown === null && !r.gone) this.report.withheld++;
    const kept = { why: d.shown === null ? r.gone ?? "withheld" : "", masked: d.masked, source: r.source, received: r.received };
    if (d.shown !== null && this.kept < MAX_SHOWN) {
      kept.text = new TextDecoder().decode(d.shown.subarray(0, 65536));
      kept.cut = d.shown.length > 65536;
      this.kept += kept.text.length;
    }
    this.records.set(r.seq, kept);
  }

  // remembered checks what remembers the log outside. Timestamps need the
  // certificates of their authority, which this page cannot check.
  async remembered() {
    if (!this.files.has("anchors.jsonl")) return; // the issue tells whether it is missing
    let best = 0, n = 0;
    for await (const bytes of new Member(this, "anchors.jsonl").lines()) {
      n++;
      await this.attempt(`anchors.jsonl line ${n}`, async () => {
        const a = parse(bytes), told = { kind: a.kind, who: String(a.who ?? ""), held: false };
        const own = await checkpointOf(a.note, this.keys);
        need(this.log && a.to === this.log.size, "the anchor leads to another log than the evidence's");
        consistent(own, this.log, paths(a.path));
        told.size = own.size;
        if (a.kind === "witness") {
          await cosignedAt(a.note, a.key ?? "").then((w) => Object.assign(told, { held: true, who: w.name, time: w.time }), () => {});
        }
        if (told.held) best = Math.max(best, own.size);
        this.anchors.push(told);
      });
    }
    for (const b of this.under) if (b.index < best) this.report.anchored += b.records;
  }

  // compare checks every file against the issue.
  async compare() {
    if (!this.listed) return;
    for (const name of Object.keys(this.listed).sort()) {
      if (!this.files.has(name)) {
        this.problem(`${name} is missing`, `${name} がない`);
        continue;
      }
      await this.attempt(name, async () => {
        if (!this.sums.has(name)) for await (const p of new Member(this, name).read()) void p;
        if (this.sums.get(name) !== this.listed[name]) this.problem(`${name} was changed after the bundle was issued`, `${name} は、束の発行後に変更されている`);
      });
    }
    for (const name of [...this.files.keys()].sort()) {
      if (name !== "issue.json" && !Object.hasOwn(this.listed, name)) this.problem(`${name} was added after the bundle was issued`, `${name} は、束の発行後に追加されている`);
    }
  }

  // cited checks that all that the case cites is here, and says of each
  // sentence what it rests on.
  cited() {
    const c = this.case, wanted = new Set((c.history ?? []).map((h) => h.record));
    for (const part of ["timeline", "statements", "questions", "scopes", "facts", "submissions", "told", "decisions", "containments", "conditions", "measures"]) {
      for (const one of c[part] ?? []) {
        const last = (one.results ?? []).at(-1);
        for (const list of [one.cites, one.check?.cites, last?.cites]) for (const seq of list ?? []) wanted.add(seq);
      }
    }
    for (const seq of [...wanted].sort((a, b) => a - b)) {
      if (!this.records.has(seq)) this.problem(`record ${seq} is cited and not in the bundle, or is not proven`, `引用されている記録 ${seq} が束にないか、証明されていない`);
    }
    this.report.title = c.title ?? {};
    this.report.sentences = [
      ...(c.statements ?? []).map((s) => this.stands(s, s.text)),
      ...(c.questions ?? []).map((q) => this.stands(q, q.conclusion && (q.conclusion.ja || q.conclusion.en) ? q.conclusion : q.text)),
      ...(c.timeline ?? []).map((r) => this.stands(r, r.text)),
    ];
  }

  stands(part, text) {
    const cites = part.cites ?? [];
    const broken = cites.filter((seq) => !this.records.has(seq)), unshown = cites.filter((seq) => this.records.get(seq)?.why);
    const state = broken.length > 0 ? "broken" : cites.length === 0 ? "uncited" : unshown.length === cites.length ? "unshown" : unshown.length > 0 ? "partly" : "proven";
    return { id: String(part.id ?? ""), text: text ?? {}, certainty: part.certainty, at: part.at, cites, state };
  }
}

// verify is the whole: a report of a bundle, which is any Blob.
async function verify(file, pinned, onProgress) {
  const b = new Bundle(file, onProgress);
  const report = await b.verify(pinned);
  report.record = (seq) => b.records.get(seq);
  return report;
}
