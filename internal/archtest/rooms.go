// Package archtest holds the rules of the house and the tests that enforce them by reading the sources.
package archtest

import "maps"

// room is one row of the table of rooms: its sentence, which opens its package
// comment, and the rooms it may import.
type room struct {
	sentence string
	may      []string
	anything bool
}

// rooms is the table of rooms. docs/design.md tells the same in words.
func rooms() map[string]room {
	all := evidence()
	maps.Copy(all, views())
	maps.Copy(all, doors())
	return all
}

// evidence is the part of the table about records and how events come of them.
func evidence() map[string]room {
	return map[string]room{
		"event":                   {"Package event holds the nouns of konseki: the Record (原記録) and the Event (イベント), OCSF identifiers and the promoted columns.", nil, false},
		"config":                  {"Package config loads the one configuration file.", []string{"event", "coverage"}, false},
		"jsonx":                   {"Package jsonx decodes foreign JSON strictly.", nil, false},
		"durable":                 {"Package durable writes small files so that they survive a crash, and reads them within a limit.", nil, false},
		"query":                   {"Package query parses the search language into a plan.", []string{"event"}, false},
		"sigma":                   {"Package sigma parses and compiles Sigma rules, correlations and filters; knows no storage.", []string{"event", "sigma/logsource", "sigma/pattern"}, false},
		"sigma/logsource":         {"Package logsource knows which events belong to which Sigma logsource, and under which names its rules find their fields.", []string{"event"}, false},
		"sigma/pattern":           {"Package pattern compiles the values of Sigma rules: wildcards, expressions, encodings, and what of them can be looked up.", nil, false},
		"sigma/sigmatest":         {"Package sigmatest reads public collections of logs as events, for tests and benchmarks of rules.", []string{"event", "normalise", "normalise/normalisetest"}, false},
		"evtx":                    {"Package evtx reads Windows event log files.", []string{"event"}, false},
		"evtx/evtxtest":           {"", []string{"event", "evtx"}, false},
		"collect":                 {"Package collect receives bytes and hands on Records, acknowledging a sender only when the vault has them; one protocol per file.", []string{"event", "vault"}, false},
		"collect/collecttest":     {"Package collecttest is what the tests of collectors share: a vault in memory that fails when it is told to.", []string{"event"}, false},
		"collect/sender":          {"Package sender knows who may send records, for which sources, and how fast.", []string{"event"}, false},
		"collect/post":            {"Package post answers senders that post records over HTTP; one protocol per file.", []string{"event", "collect", "collect/sender"}, false},
		"collect/stream":          {"Package stream receives records over lasting connections and datagrams: syslog, RELP, Fluent forward; one protocol per file.", []string{"event", "collect", "collect/sender"}, false},
		"collect/tail":            {"Package tail follows files and the journal of this host, remembering how far it has read.", []string{"durable", "event", "collect"}, false},
		"collect/pull":            {"Package pull asks services for their records, page by page, and remembers how far it has come; one service per file.", []string{"durable", "event", "jsonx", "collect"}, false},
		"vault":                   {"Package vault appends Records durably, seals them, proves them, copies them away, keeps and expires them.", []string{"durable", "event", "vault/keyring", "vault/ondisk", "vault/seal"}, false},
		"vault/seal":              {"Package seal is the cryptography of the vault: leaves, batches, checkpoints and the proofs made of them; it reads no files.", []string{"event"}, false},
		"vault/ondisk":            {"Package ondisk is the files of a vault: its folder, the write-ahead log, the segments and the tiles of its log.", []string{"durable", "event", "vault/keyring", "vault/pages", "vault/seal"}, false},
		"vault/audit":             {"Package audit hashes a whole vault again, compares it with its signed checkpoint and names what does not match.", []string{"durable", "event", "vault/keyring", "vault/ondisk", "vault/seal"}, false},
		"vault/keyring":           {"Package keyring keeps the keys that a vault's files and protected records are encrypted with, and destroys them.", []string{"durable"}, false},
		"vault/pages":             {"Package pages reads the column pages of a Parquet file and takes none of their claims on trust.", nil, false},
		"vault/anchor":            {"Package anchor keeps what remembers a checkpoint outside the vault: witnesses, timestamps and print.", []string{"durable", "event", "vault", "vault/ondisk"}, false},
		"vault/copies":            {"Package copies ships what the vault writes to stores out of its machine's reach, takes in what other vaults ship, and brings a lost vault back.", []string{"event", "vault", "vault/audit", "vault/keyring"}, false},
		"normalise":               {"Package normalise derives Events from Records, one format per file; re-runnable.", []string{"event", "jsonx", "evtx", "normalise/format", "normalise/system", "normalise/network", "normalise/identity", "normalise/cloud", "normalise/web", "normalise/advisory", "normalise/database", "normalise/service", "normalise/envelope", "normalise/vpn", "normalise/windows"}, false},
		"normalise/format":        {"Package format is what every log format shares: its interface, its input, and scanners for times, addresses and key=value text.", []string{"event"}, false},
		"normalise/object":        {"Package object is what formats share whose records are JSON objects, alone or in the pages that services answer with.", []string{"event", "jsonx", "normalise/format"}, false},
		"normalise/system":        {"Package system reads what a Unix machine writes about itself: the syslog envelope with its programs, auditd and laurel.", []string{"event", "jsonx", "normalise/format"}, false},
		"normalise/network":       {"Package network reads the logs of firewalls, routers, switches and access points.", []string{"event", "normalise/format"}, false},
		"normalise/identity":      {"Package identity reads the logs of directories, RADIUS servers and identity providers.", []string{"event", "jsonx", "normalise/format", "normalise/object"}, false},
		"normalise/cloud":         {"Package cloud reads the logs of cloud platforms, endpoint protection and file transfer.", []string{"event", "normalise/format", "normalise/object"}, false},
		"normalise/advisory":      {"Package advisory reads what is published about flaws of software: OSV and the catalogue of exploited ones.", []string{"event", "jsonx", "advisory/notice", "normalise/format", "normalise/object"}, false},
		"normalise/web":           {"Package web reads the logs of web servers, proxies, content networks, web application firewalls and Java applications.", []string{"event", "jsonx", "normalise/format"}, false},
		"normalise/database":      {"Package database reads the logs of database servers: PostgreSQL, MariaDB, MySQL, SQL Server, Oracle, MongoDB and CouchDB.", []string{"event", "jsonx", "normalise/format"}, false},
		"normalise/service":       {"Package service reads what services and applications export: Google Workspace, Slack, and JSON and CSV of any origin.", []string{"event", "jsonx", "normalise/format", "normalise/identity", "normalise/object", "normalise/windows"}, false},
		"normalise/envelope":      {"Package envelope reads what shippers wrap records in - OTLP, HTTP Event Collector, Fluentd, Beats - and hands what is inside to its format.", []string{"event", "jsonx", "normalise/format", "normalise/system", "normalise/service"}, false},
		"normalise/vpn":           {"Package vpn reads the logs of VPN gateways and firewalls: FortiGate, Ivanti, strongSwan and OpenVPN.", []string{"event", "normalise/format"}, false},
		"normalise/windows":       {"Package windows reads Windows event log records.", []string{"event", "evtx", "normalise/format"}, false},
		"normalise/normalisetest": {"Package normalisetest is what the tests of the formats share: samples, their events as text, and what every format owes.", []string{"event", "normalise", "normalise/format"}, false},
	}
}

// views is the part of the table about what is derived from the records.
func views() map[string]room {
	return map[string]room{
		"index":                    {"Package index keeps Events queryable: duckdb embedded, clickhouse for a cluster, one contract suite.", []string{"event", "query", "coverage/sequence", "coverage/offset"}, false},
		"index/duckdb":             {"", []string{"durable", "event", "query", "coverage/sequence", "coverage/offset", "index", "index/duckdb/derived", "index/duckdb/skip"}, false},
		"index/duckdb/derived":     {"Package derived is the rows of the index in columns, in memory and as the derived Parquet files, which keep each value once.", []string{"event", "query"}, false},
		"index/duckdb/skip":        {"Package skip tells which files, blocks of records and records cannot hold what a query looks for.", []string{"event", "query", "index/duckdb/derived"}, false},
		"index/indextest":          {"", []string{"event", "query", "coverage/sequence", "coverage/offset", "index"}, false},
		"detect":                   {"Package detect runs rules, correlations and baselines over the stream and emits Findings.", []string{"event", "sigma", "detect/baseline", "detect/baseline/learn", "detect/correlation", "detect/finding", "detect/note", "detect/place", "detect/secret"}, false},
		"detect/finding":           {"Package finding is what detection reports: the Finding (検知), its identity and its sentence.", []string{"event", "sigma"}, false},
		"attack":                   {"Package attack knows the tactics and techniques of MITRE ATT&CK by their numbers.", []string{"event"}, false},
		"attack/sight":             {"Package sight tells which tactics and techniques detection can see with the events at hand.", []string{"event", "sigma", "attack", "detect/finding"}, false},
		"detect/example":           {"Package example runs the events that rules are shown to match, and not to match.", []string{"event", "sigma", "detect/correlation"}, false},
		"detect/secret":            {"Package secret finds credentials and card numbers in what people write and what systems log.", []string{"event"}, false},
		"detect/place":             {"Package place tells where in the world an address or event says it is.", []string{"event"}, false},
		"detect/shape":             {"Package shape reduces a statement to its shape: literals, lists and spaces taken out.", nil, false},
		"detect/note":              {"Package note takes down, of an event's native fields, what baselines need and no column holds.", []string{"event"}, false},
		"detect/bounded":           {"Package bounded remembers within a limit: what is unused longest is forgotten, and counted.", nil, false},
		"detect/correlation":       {"Package correlation runs Sigma correlations over the matches of rules, in event time.", []string{"event", "sigma", "sigma/logsource", "detect/bounded", "detect/finding"}, false},
		"detect/story":             {"Package story puts findings about the same actors together, into few stories that say why they are worth looking at now.", []string{"detect/finding"}, false},
		"detect/baseline":          {"Package baseline learns what is ordinary and reports what is not; one baseline per file.", []string{"detect/baseline/learn", "detect/baseline/liveness", "detect/baseline/machine", "detect/baseline/people", "detect/place"}, false},
		"detect/baseline/learn":    {"Package learn is what baselines are built with: their interface, thresholds, bounded memory, and where findings go.", []string{"event", "detect/bounded", "detect/finding"}, false},
		"detect/baseline/basetest": {"Package basetest is what the tests of baselines share: all of a family with nothing learned, and the document that tells of them.", []string{"detect/baseline/learn", "detect/finding"}, false},
		"detect/baseline/liveness": {"Package liveness is the baselines about log sources themselves: silence, volume, form and clocks.", []string{"event", "detect/baseline/learn", "detect/bounded", "detect/finding"}, false},
		"detect/baseline/machine":  {"Package machine is the baselines about sources, hosts, programs, files and databases.", []string{"event", "detect/baseline/learn", "detect/bounded", "detect/finding", "detect/shape"}, false},
		"detect/baseline/people":   {"Package people is the baselines about accounts and the persons behind them.", []string{"event", "detect/baseline/learn", "detect/bounded", "detect/finding", "detect/place"}, false},
		"coverage":                 {"Package coverage knows which sources were complete when, and qualifies every answer.", []string{"event", "coverage/sequence", "coverage/offset"}, false},
		"coverage/packed":          {"Package packed writes numbers and names in few bytes and reads them back, taking no length on trust.", nil, false},
		"coverage/sequence":        {"Package sequence finds what is missing from the numbers that producers give their records.", []string{"event", "coverage/packed"}, false},
		"coverage/offset":          {"Package offset measures how far the clocks of sources are from this machine's.", []string{"event", "coverage/packed"}, false},
		"manifest":                 {"Package manifest reads the file that comes with evidence and says which sources its files belong to and which records are absent, and why.", []string{"coverage"}, false},
		"estate":                   {"Package estate knows the company's own networks, devices, people and sensitive items, as they were at a time.", []string{"event", "jsonx"}, false},
		"advisory":                 {"Package advisory matches published vulnerabilities to the inventory and escalates until someone acknowledges.", []string{"detect/finding", "estate", "advisory/notice"}, false},
		"advisory/notice":          {"Package notice is an advisory as its event carries it: its names, what it affects and how grave it is.", []string{"event"}, false},
		"mask":                     {"Package mask finds in records what must not be shown to everyone: typed passwords, card numbers, security codes.", []string{"event", "detect/secret"}, false},
		"investigate":              {"Package investigate assembles cases, statements, timelines, entities, contradictions, clocks, conditions.", []string{"event", "coverage"}, false},
		"investigate/duty":         {"Package duty tells which deadlines a case has, and which of its parts fill what each asks for.", []string{"event", "coverage", "investigate", "investigate/clock"}, false},
		"investigate/lint":         {"Package lint finds where a case contradicts itself, its records or an earlier report.", []string{"event", "coverage", "investigate"}, false},
		"investigate/clock":        {"Package clock computes deadlines from the facts of a case, by rules that are data.", []string{"event"}, false},
		"investigate/names":        {"Package names puts the public names of a case's entities in the place of the real ones.", []string{"event", "investigate"}, false},
		"investigate/script":       {"Package script reads a case that people wrote as a file.", []string{"event", "investigate"}, false},
		"measure":                  {"Package measure checks promises against evidence.", []string{"event", "coverage", "investigate"}, false},
		"retention":                {"Package retention says how long records are kept: by source, pattern and preset.", []string{"event"}, false},
		"report":                   {"Package report renders a case to documents and to a self-verifying bundle.", []string{"event", "jsonx", "coverage", "investigate", "investigate/names", "investigate/clock", "investigate/duty", "investigate/lint", "mask", "vault/seal", "vault/anchor", "report/page"}, false},
		"report/exchange":          {"Package exchange writes what a case cites for other tools: CSV, JSON lines, Timesketch, OCSF and STIX.", []string{"event", "investigate", "investigate/names", "mask"}, false},
		"report/docx":              {"Package docx writes a document for word processors, with styles, bookmarks and links.", []string{"report"}, false},
		"report/pdf":               {"Package pdf writes a document as a PDF with an embedded font, bookmarks and links.", []string{"report"}, false},
		"report/page":              {"Package page is the web page that verifies a bundle by itself, in any browser and without a network.", nil, false},
		"auth":                     {"Package auth knows who a person is: password, one-time link, API token, roles.", []string{"durable", "event"}, false},
		"control":                  {"Package control holds every operation a person may ask of a running server; each leaves a Record.", []string{"event", "control/overlooked", "control/positive", "jsonx", "query", "index", "vault", "vault/audit", "vault/seal", "collect", "normalise", "detect/finding", "detect/story", "coverage", "coverage/sequence", "coverage/offset", "investigate", "manifest", "retention", "auth"}, false},
		"terminal":                 {"Package terminal shows text to people on a terminal, safely, and how far long work has come.", nil, false},
		"wire":                     {"Package wire is the JSON that scripts read from the command line.", []string{"event", "coverage", "estate", "control"}, false},
		"control/masked":           {"Package masked is the operations as people are given them: every text that is shown has its secrets masked.", []string{"event", "control", "control/casework", "investigate", "investigate/duty", "investigate/lint", "mask"}, false},
		"control/casework":         {"Package casework is what people do on a case: its parts, its checks, its reports and its bundle.", []string{"event", "jsonx", "coverage", "normalise", "detect/finding", "vault", "vault/anchor", "investigate", "investigate/lint", "investigate/script", "mask", "measure", "report", "report/docx", "report/exchange", "report/pdf", "auth", "control", "control/advised", "investigate/clock", "investigate/duty"}, false},
		"control/advised":          {"Package advised adds to the operations what is published about flaws of what the company runs.", []string{"event", "jsonx", "query", "index", "coverage", "detect/finding", "estate", "advisory", "advisory/notice", "control", "control/known"}, false},
		"control/overlooked":       {"Package overlooked finds what an empty answer may have passed over: records that were not understood, accounts written otherwise, events whose time may lie in the window.", []string{"event", "query", "index", "coverage"}, false},
		"control/positive":         {"Package positive counts the positive controls of an answer: what shows that its sources, and the hosts asked about, were recording.", []string{"event", "query", "index", "coverage"}, false},
		"control/known":            {"Package known adds to the operations what the company knows of itself: importing it, whose an address was, and searching by it.", []string{"event", "jsonx", "query", "estate", "control"}, false},
	}
}

// doors is the part of the table about what people see, what the program is put
// together from, and what tries it.
func doors() map[string]room {
	return map[string]room{
		"web":               {"Package web serves the pages; it can do nothing that control does not offer.", []string{"web/site", "web/evidence", "web/stories", "web/casebook"}, false},
		"web/site":          {"Package site is what all pages share: who may come in, the frame around a page, its words, templates and assets, and what is said when something fails.", []string{"event", "estate", "auth", "control", "control/casework", "web/reading"}, false},
		"web/site/sitetest": {"Package sitetest compares templates with the views they are shown with, for the tests of pages.", []string{"web/site"}, false},
		"web/evidence":      {"Package evidence serves the pages on which records are searched, told of, covered and verified.", []string{"event", "coverage", "control", "web/site", "web/reading"}, false},
		"web/stories":       {"Package stories serves the pages of findings, one by one and put together into stories, and of mutes.", []string{"event", "detect/finding", "detect/story", "control", "web/evidence", "web/site", "web/reading"}, false},
		"web/casebook":      {"Package casebook serves the pages of cases.", []string{"event", "investigate", "investigate/clock", "investigate/duty", "investigate/lint", "measure", "control", "control/casework", "web/evidence", "web/site", "web/stories", "web/reading"}, false},
		"web/reading":       {"Package reading sets text, times, numbers and addresses for whoever reads a page.", []string{"event"}, false},
		"replay":            {"Package replay writes incidents as raw logs in real formats, with everyday noise.", []string{"event", "replay/raw", "replay/stolen", "replay/week", "replay/miner", "replay/mistake", "replay/ransomware", "replay/webshell", "replay/supply", "replay/insider"}, false},
		"replay/raw":        {"Package raw is what the incidents are written with: files written day by day, lines as real systems write them, ordinary people.", []string{"event"}, false},
		"replay/stolen":     {"Package stolen is the incident of stolen VPN and chat accounts with the mass wipe of 2018.", []string{"event", "replay/raw"}, false},
		"replay/week":       {"Package week is an ordinary week of a company, in which nothing is wrong.", []string{"event", "replay/raw"}, false},
		"replay/miner":      {"Package miner is the incident of a scan, a planted job and coin mining on cloud servers of 2018.", []string{"event", "replay/raw"}, false},
		"replay/mistake":    {"Package mistake is the incident of a colleague's mistake on a production database that was taken for an intrusion, of 2018.", []string{"event", "replay/raw"}, false},
		"replay/ransomware": {"Package ransomware is the incident of encrypted servers in a data centre of 2023.", []string{"event", "replay/raw"}, false},
		"replay/webshell":   {"Package webshell is the incident of a web framework's hole, a backdoor and card data of 2017.", []string{"event", "replay/raw"}, false},
		"replay/supply":     {"Package supply is the incident that came by way of a supplier.", []string{"event", "replay/raw"}, false},
		"replay/insider":    {"Package insider is the incident of a colleague who carries data away.", []string{"event", "replay/raw"}, false},
		"replay/replaytest": {"Package replaytest is what the tests of the incidents share: a server that a replay was imported into, and what it noticed when.", []string{"config", "control", "coverage", "detect/finding", "detect/story", "event", "investigate", "investigate/clock", "investigate/script", "normalise/normalisetest", "replay/raw", "server"}, false},
		"server":            {"Package server wires the rooms, starts and stops them.", nil, true},
		"cli":               {"Package cli is what the verbs of the command line share: flags, windows, the words and JSON of answers, exit codes.", []string{"event", "config", "query", "vault", "coverage", "estate", "investigate", "control", "terminal", "server", "cli/handover"}, false},
		"cli/handover":      {"Package handover hands a verb of the command line to the server that has the data folder open.", nil, false},
		"cli/evidence":      {"Package evidence brings evidence in on the command line and asks it: import, search, pivot, ask, coverage, source, estate.", []string{"event", "collect", "collect/pull", "coverage", "estate", "auth", "control", "terminal", "wire", "server", "cli"}, false},
		"cli/advisory":      {"Package advisory shows and acknowledges, on the command line, what is published about flaws of what the company runs: advisory.", []string{"advisory", "control", "control/advised", "terminal", "wire", "server", "cli"}, false},
		"cli/keeping":       {"Package keeping keeps what a vault holds, on the command line: verify, witness, copies, keys, holds, expiry.", []string{"event", "config", "vault", "vault/audit", "vault/keyring", "vault/anchor", "vault/copies", "coverage", "report", "report/page", "control", "terminal", "server", "cli"}, false},
		"cli/detecting":     {"Package detecting runs rules and shows what they raised, on the command line: detect, rules, stories, findings, mute.", []string{"event", "config", "sigma", "collect", "vault", "normalise", "detect", "detect/finding", "attack", "attack/sight", "detect/example", "detect/story", "detect/baseline", "control", "terminal", "wire", "server", "cli", "rules"}, false},
		"cli/casebook":      {"Package casebook works on cases on the command line: case, report, export.", []string{"event", "coverage", "investigate", "investigate/duty", "investigate/lint", "investigate/clock", "investigate/script", "measure", "report/exchange", "auth", "control", "terminal", "control/casework", "server", "cli"}, false},
		"cli/running":       {"Package running runs konseki and sets it up, on the command line: serve, demo, replay, reindex, user, token, config.", []string{"config", "sigma", "collect", "investigate/script", "auth", "control", "terminal", "replay", "server", "cli", "cli/handover"}, false},
		"archtest":          {"Package archtest holds the rules of the house and the tests that enforce them by reading the sources.", nil, false},
		"rules":             {"Package rules holds konseki's own Sigma rules and their examples.", nil, false},
		"cmd/konseki":       {"", nil, true},
		"bench":             {"", nil, true},
		"bench/replaytable": {"", nil, true},
		"bench/gen":         {"", nil, false},
		"test":              {"", nil, true},
		"test/web":          {"", nil, true},
		"test/demo":         {"", nil, true},
	}
}
