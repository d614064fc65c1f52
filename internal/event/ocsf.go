package event

// OCSF 1.8 class identifiers (category × 1000 + uid) that konseki derives.
// Source: the OCSF schema, https://schema.ocsf.io.
const (
	ClassBase             int32 = 0    // Base Event: nothing more specific is known
	ClassFileSystem       int32 = 1001 // File System Activity
	ClassKernel           int32 = 1003 // Kernel Activity
	ClassModule           int32 = 1005 // Module Activity: libraries loaded
	ClassScheduledJob     int32 = 1006 // Scheduled Job Activity
	ClassProcess          int32 = 1007 // Process Activity
	ClassEventLog         int32 = 1008 // Event Log Activity; also source silence
	ClassScript           int32 = 1009 // Script Activity
	ClassPeripheral       int32 = 1010 // Peripheral Activity
	ClassVulnerability    int32 = 2002 // Vulnerability Finding
	ClassFinding          int32 = 2004 // Detection Finding
	ClassIncident         int32 = 2005 // Incident Finding: a case
	ClassAccountChange    int32 = 3001 // Account Change
	ClassAuthentication   int32 = 3002 // Authentication
	ClassAuthorization    int32 = 3003 // Authorize Session
	ClassGroup            int32 = 3006 // Group Management
	ClassNetwork          int32 = 4001 // Network Activity
	ClassHTTP             int32 = 4002 // HTTP Activity
	ClassDNS              int32 = 4003 // DNS Activity
	ClassSSH              int32 = 4007 // SSH Activity
	ClassTunnel           int32 = 4014 // Tunnel Activity
	ClassWebResources     int32 = 6001 // Web Resources Activity; chat messages too
	ClassAppLifecycle     int32 = 6002 // Application Lifecycle
	ClassAPI              int32 = 6003 // API Activity
	ClassDatastore        int32 = 6005 // Datastore Activity
	ClassFileHosting      int32 = 6006 // File Hosting Activity
	ClassApplicationError int32 = 6008 // Application Error

	ClassRegistryKey   int32 = 201001 // Registry Key Activity, of OCSF's extension for Windows
	ClassRegistryValue int32 = 201002 // Registry Value Activity, of the same
)

// Activities of ClassAuthentication.
const (
	ActivityLogon         int32 = 1
	ActivityLogoff        int32 = 2
	ActivityServiceTicket int32 = 4
	ActivityAccountSwitch int32 = 7 // su, sudo
)

// Activities of ClassTunnel.
const (
	ActivityTunnelOpen  int32 = 1
	ActivityTunnelClose int32 = 2
)

// Activities of ClassProcess.
const (
	ActivityProcessLaunch    int32 = 1
	ActivityProcessTerminate int32 = 2
	ActivityProcessOpen      int32 = 3
	ActivityProcessInject    int32 = 4
)

// Activity of ClassModule.
const ActivityModuleLoad int32 = 1

// Activity of ClassScript.
const ActivityScriptExecute int32 = 1

// Activity of ClassPeripheral.
const ActivityDeviceConnect int32 = 1

// Activity of ClassDNS.
const ActivityDNSQuery int32 = 1

// Activity of ClassAuthorization.
const ActivityAssignPrivileges int32 = 1

// Activities of ClassScheduledJob.
const (
	ActivityJobCreate  int32 = 1
	ActivityJobUpdate  int32 = 2
	ActivityJobDelete  int32 = 3
	ActivityJobEnable  int32 = 4
	ActivityJobDisable int32 = 5
	ActivityJobStart   int32 = 6
)

// Activities of ClassEventLog.
const (
	ActivityLogClear int32 = 1
	ActivityLogStart int32 = 6
	ActivityLogStop  int32 = 7
)

// Activities of ClassAppLifecycle.
const (
	ActivityAppInstall int32 = 1
	ActivityAppStart   int32 = 3
	ActivityAppStop    int32 = 4
	ActivityAppDisable int32 = 7
	ActivityAppUpdate  int32 = 8
)

// Activities of ClassGroup.
const (
	ActivityGroupAddUser    int32 = 3
	ActivityGroupRemoveUser int32 = 4
	ActivityGroupDelete     int32 = 5
	ActivityGroupCreate     int32 = 6
)

// Activities of ClassAPI.
const (
	ActivityAPICreate int32 = 1
	ActivityAPIUpdate int32 = 3
	ActivityAPIDelete int32 = 4
)

// Activities of ClassFinding.
const (
	ActivityFindingCreate int32 = 1
	ActivityFindingUpdate int32 = 2
)

// Activities of ClassRegistryKey; those of ClassRegistryValue are Set and Delete.
const (
	ActivityRegistryCreate int32 = 1
	ActivityRegistrySet    int32 = 2
	ActivityRegistryDelete int32 = 4
	ActivityRegistryRename int32 = 5
)

// Activities of ClassFileSystem.
const (
	ActivityFileCreate int32 = 1
	ActivityFileRead   int32 = 2
	ActivityFileUpdate int32 = 3
	ActivityFileDelete int32 = 4
	ActivityFileRename int32 = 5
)

// Activities of ClassDatastore. There is none for DROP: it is Delete.
const (
	ActivityDatastoreRead    int32 = 1
	ActivityDatastoreUpdate  int32 = 2
	ActivityDatastoreConnect int32 = 3
	ActivityDatastoreQuery   int32 = 4
	ActivityDatastoreWrite   int32 = 5
	ActivityDatastoreCreate  int32 = 6
	ActivityDatastoreDelete  int32 = 7
)

// Activities of ClassFileHosting.
const (
	ActivityHostingUpload   int32 = 1
	ActivityHostingDownload int32 = 2
	ActivityHostingUpdate   int32 = 3
	ActivityHostingDelete   int32 = 4
	ActivityHostingPreview  int32 = 9
	ActivityHostingShare    int32 = 12
	ActivityHostingUnshare  int32 = 13
	ActivityHostingOpen     int32 = 14
)

// Activities of ClassWebResources.
const (
	ActivityWebCreate int32 = 1
	ActivityWebRead   int32 = 2
	ActivityWebUpdate int32 = 3
	ActivityWebDelete int32 = 4
	ActivityWebSearch int32 = 5
	ActivityWebExport int32 = 7
	ActivityWebShare  int32 = 8
)

// Activities of ClassNetwork.
const (
	ActivityNetworkOpen    int32 = 1
	ActivityNetworkClose   int32 = 2
	ActivityNetworkRefuse  int32 = 5
	ActivityNetworkTraffic int32 = 6
)

// ActivityOther is OCSF's "Other" in every class.
const ActivityOther int32 = 99

// OCSF status identifiers.
const (
	StatusUnknown int32 = 0
	StatusSuccess int32 = 1
	StatusFailure int32 = 2
)

// OCSF severity identifiers.
const (
	SeverityUnknown       int32 = 0
	SeverityInformational int32 = 1
	SeverityLow           int32 = 2
	SeverityMedium        int32 = 3
	SeverityHigh          int32 = 4
	SeverityCritical      int32 = 5
)

// ClassName gives the short name that queries and pages use for a class
// ("authentication", "http" …), or "" for a class konseki does not derive.
func ClassName(class int32) string {
	for _, c := range Classes() {
		if c.UID == class {
			return c.Name
		}
	}
	return ""
}

// Class is an OCSF class with the short name that queries use.
type Class struct {
	UID  int32
	Name string
}

// Classes lists every class konseki derives, by number.
func Classes() []Class {
	return []Class{
		{ClassBase, "base"}, {ClassFileSystem, "file"}, {ClassKernel, "kernel"}, {ClassModule, "module"}, {ClassScheduledJob, "job"},
		{ClassProcess, "process"}, {ClassEventLog, "eventlog"}, {ClassScript, "script"},
		{ClassPeripheral, "peripheral"}, {ClassVulnerability, "vulnerability"}, {ClassFinding, "finding"},
		{ClassIncident, "incident"}, {ClassAccountChange, "account"}, {ClassAuthentication, "authentication"},
		{ClassAuthorization, "authorization"},
		{ClassGroup, "group"}, {ClassNetwork, "network"}, {ClassHTTP, "http"}, {ClassDNS, "dns"}, {ClassSSH, "ssh"},
		{ClassTunnel, "tunnel"}, {ClassWebResources, "web"}, {ClassAppLifecycle, "application"},
		{ClassAPI, "api"}, {ClassDatastore, "datastore"}, {ClassFileHosting, "hosting"},
		{ClassApplicationError, "error"}, {ClassRegistryKey, "registrykey"}, {ClassRegistryValue, "registryvalue"},
	}
}
