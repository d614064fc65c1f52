package event

// Column is one promoted column: the name that queries, the index and exports
// use, what it holds and its path in OCSF.
type Column struct {
	Name string
	Kind Kind
	OCSF string
}

// Kind is the type of a promoted column.
type Kind uint8

const (
	KindText Kind = iota
	KindInt
	KindTime
	KindAddress
)

// Columns lists the 24 promoted columns in index order.
func Columns() []Column {
	return []Column{
		{"time", KindTime, "time"},
		{"time_rx", KindTime, "metadata.logged_time"},
		{"time_quality", KindText, "timezone_offset"},
		{"source", KindText, "metadata.log_source"},
		{"seq", KindText, "metadata.sequence"},
		{"class_uid", KindInt, "class_uid"},
		{"activity_id", KindInt, "activity_id"},
		{"status_id", KindInt, "status_id"},
		{"event_code", KindText, "metadata.event_code"},
		{"severity_id", KindInt, "severity_id"},
		{"actor_user", KindText, "actor.user.name"},
		{"target_user", KindText, "user.name"},
		{"src_ip", KindAddress, "src_endpoint.ip"},
		{"src_port", KindInt, "src_endpoint.port"},
		{"dst_ip", KindAddress, "dst_endpoint.ip"},
		{"dst_port", KindInt, "dst_endpoint.port"},
		{"host", KindText, "device.hostname"},
		{"session_uid", KindText, "session.uid"},
		{"process_path", KindText, "process.file.path"},
		{"cmd_line", KindText, "process.cmd_line"},
		{"object", KindText, "file.path"},
		{"statement", KindText, "query_info.query_string"},
		{"client_app", KindText, "http_request.user_agent"},
		{"bytes_out", KindInt, "traffic.bytes_out"},
	}
}
