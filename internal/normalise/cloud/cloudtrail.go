package cloud

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewCloudTrail returns the format "cloudtrail": records of AWS CloudTrail,
// alone or in the files that it delivers, {"Records":[…]}. Source: AWS,
// "CloudTrail record contents" and "AWS Management Console sign-in events".
func NewCloudTrail() format.Format {
	acts := cloudTrailActs()
	return object.New(object.Reader{
		Name: "cloudtrail", Marks: []string{`"eventVersion"`, `"eventSource"`, `"eventName"`, `"awsRegion"`}, Pages: []string{"Records"},
		Read: func(in *format.Input, _ []byte, ev *event.Event) bool { return readCloudTrail(in, ev, acts) },
	})
}

func readCloudTrail(in *format.Input, ev *event.Event, acts object.Acts) bool {
	name, from := ev.First("eventName"), ev.First("eventSource")
	if name == "" || from == "" || !object.SetTime(in, ev, "eventTime") {
		return false
	}
	ev.EventCode = name
	act, ok := acts[from+" "+name]
	if !ok {
		act = object.Act{Class: event.ClassAPI, Activity: verbActivity(name)}
	}
	act.Set(ev)
	ev.ActorUser = awsIdentity(ev)
	ev.SrcIP = format.Address(ev.First("sourceIPAddress")) // the name of a service where AWS itself acts
	ev.ClientApp = ev.First("userAgent")
	ev.SessionUID = ev.First("userIdentity.accessKeyId")
	ev.BytesOut = format.ByteCount(ev.First("additionalEventData.bytesTransferredOut"))
	ev.TargetUser = ev.First("requestParameters.userName", "responseElements.user.userName", "serviceEventDetails.userName")
	ev.Object = awsObject(ev)
	ev.StatusID = awsOutcome(ev)
	if ev.StatusID == event.StatusFailure && strings.Contains(ev.First("errorCode"), "AccessDenied") {
		ev.SeverityID = event.SeverityLow
	}
	ev.Message = object.Sentence(name, from, ev.TargetUser, ev.Object, ev.First("errorCode"), ev.First("errorMessage"))
	return true
}

// awsIdentity names who acted. Behind a role stands a session, whose name most
// often is the person's.
func awsIdentity(ev *event.Event) string {
	kind := ev.First("userIdentity.type")
	arn := ev.First("userIdentity.arn")
	switch kind {
	case "Root":
		return "root"
	case "AssumedRole":
		if _, session, ok := strings.Cut(arn, ":assumed-role/"); ok {
			return session
		}
	}
	_, path, _ := strings.Cut(arn, ":user/")
	return cmp.Or(ev.First("userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.onBehalfOf.userId"),
		path[strings.LastIndexByte(path, '/')+1:], arn, ev.First("userIdentity.invokedBy", "userIdentity.principalId", "userIdentity.accountId"))
}

// awsObject is what the request is about.
func awsObject(ev *event.Event) string {
	if bucket := ev.First("requestParameters.bucketName"); bucket != "" {
		if key := ev.First("requestParameters.key"); key != "" {
			return bucket + "/" + key
		}
		return bucket
	}
	request := func(names ...string) string {
		for _, n := range names {
			if v := ev.First("requestParameters." + n); v != "" {
				return v
			}
		}
		return ""
	}
	return cmp.Or(request("roleArn", "policyArn", "groupName", "groupId", "roleName", "instanceId", "instancesSet.items.instanceId", "secretId", "functionName",
		"dBInstanceIdentifier", "dBSnapshotIdentifier", "snapshotId", "volumeId", "keyId", "tableName", "trailName", "name", "accessKeyId", "policyName",
		"resourceArn", "resource"), ev.First("resources.ARN", "resources.arn"))
}

// awsOutcome: a call without an error code was done. A logon at the console
// says itself how it went.
func awsOutcome(ev *event.Event) int32 {
	if said := ev.First("responseElements.ConsoleLogin", "responseElements.SwitchRole", "responseElements.CheckMfa", "responseElements.PasswordUpdated"); said != "" {
		return format.Outcome(said)
	}
	if ev.First("errorCode", "errorMessage") != "" {
		return event.StatusFailure
	}
	return event.StatusSuccess
}

// activityAPIRead is the activity of OCSF API Activity for what changes nothing.
const activityAPIRead int32 = 2

// verbActivity is the API activity of a call by the verb that its name begins with.
func verbActivity(name string) int32 {
	name = strings.ToLower(name)
	for _, v := range [...]struct {
		verbs    string
		activity int32
	}{
		{"get list aggregatedlist describe head lookup batchget select search query watch scan view read", activityAPIRead},
		{"create insert run put add attach import register copy allocate start upload publish authorize", event.ActivityAPICreate},
		{"update modify set change replace patch enable disable associate disassociate restore tag untag reboot rotate edit", event.ActivityAPIUpdate},
		{"delete remove terminate detach deregister revoke release stop cancel purge schedulekeydeletion deactivate", event.ActivityAPIDelete},
	} {
		for verb := range strings.FieldsSeq(v.verbs) {
			if strings.HasPrefix(name, verb) {
				return v.activity
			}
		}
	}
	return event.ActivityOther
}

// Activities of OCSF Account Change about policies.
const (
	activityPolicyAttach int32 = 7
	activityPolicyDetach int32 = 8
)

// cloudTrailActs tells, by service and call, what is more than a call: logons,
// changes of accounts and groups, and of the trail itself.
func cloudTrailActs() object.Acts {
	m := object.Acts{}
	of := func(service string, class, activity int32, names string) {
		for name := range strings.FieldsSeq(names) {
			m[service+".amazonaws.com "+name] = object.Act{Class: class, Activity: activity}
		}
	}
	const logon, account = event.ClassAuthentication, event.ClassAccountChange
	of("signin", logon, event.ActivityLogon, "ConsoleLogin CheckMfa UserAuthentication CredentialVerification")
	of("signin", logon, event.ActivityLogoff, "Logout")
	of("signin", logon, event.ActivityAccountSwitch, "SwitchRole ExitRole RenewRole")
	of("signin", account, format.ActivityPasswordReset, "PasswordRecoveryRequested PasswordRecoveryCompleted")
	of("signin", account, format.ActivityPasswordChange, "PasswordUpdated")
	of("sso", logon, event.ActivityLogon, "Authenticate Federate")
	of("sts", logon, event.ActivityAccountSwitch, "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot GetFederationToken")
	of("iam", account, format.ActivityAccountCreate, "CreateUser")
	of("iam", account, format.ActivityAccountDelete, "DeleteUser")
	of("iam", account, format.ActivityAccountEnable, "CreateLoginProfile")
	of("iam", account, format.ActivityAccountDisable, "DeleteLoginProfile")
	of("iam", account, format.ActivityPasswordChange, "ChangePassword")
	of("iam", account, format.ActivityPasswordReset, "UpdateLoginProfile")
	of("iam", account, activityPolicyAttach, "AttachUserPolicy PutUserPolicy")
	of("iam", account, activityPolicyDetach, "DetachUserPolicy DeleteUserPolicy")
	of("iam", account, object.ActivityFactorEnable, "EnableMFADevice")
	of("iam", account, object.ActivityFactorDisable, "DeactivateMFADevice")
	of("iam", account, event.ActivityOther, "UpdateUser CreateAccessKey UpdateAccessKey DeleteAccessKey")
	of("iam", event.ClassGroup, event.ActivityGroupAddUser, "AddUserToGroup")
	of("iam", event.ClassGroup, event.ActivityGroupRemoveUser, "RemoveUserFromGroup")
	of("iam", event.ClassGroup, event.ActivityGroupCreate, "CreateGroup")
	of("iam", event.ClassGroup, event.ActivityGroupDelete, "DeleteGroup")
	of("cloudtrail", event.ClassEventLog, event.ActivityLogStart, "StartLogging")
	of("cloudtrail", event.ClassEventLog, event.ActivityLogStop, "StopLogging DeleteTrail")
	return m
}
