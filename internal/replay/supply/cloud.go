package supply

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// call is a record of CloudTrail.
type call struct {
	service, name string
	who           raw.Object
	from, agent   string
	request       raw.Object
	problem       string // the code of what went wrong
	read          bool
}

func (c call) text(t time.Time, d *raw.Day) string {
	o := raw.Object{
		{"eventVersion", "1.11"}, {"userIdentity", c.who}, {"eventTime", t.UTC().Format(time.RFC3339)}, {"eventSource", c.service + ".amazonaws.com"}, {"eventName", c.name},
		{"awsRegion", "ap-northeast-1"}, {"sourceIPAddress", c.from}, {"userAgent", c.agent}, {"requestParameters", c.request},
		{"eventID", fmt.Sprintf("%08x-%04x", d.RNG.Uint32(), d.RNG.IntN(1<<16))}, {"readOnly", c.read}, {"eventType", "AwsApiCall"}, {"recipientAccountId", "100000000007"},
	}
	if c.problem != "" {
		o = append(o, raw.Member{Key: "errorCode", Value: c.problem}, raw.Member{Key: "errorMessage", Value: "User is not authorized to perform this action"})
	}
	return o.Text()
}

const cloudTool = "aws-cli/2.27.31 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.3"

// ofBuilds is the account of the builds, with the key that was stolen.
func ofBuilds() raw.Object {
	return raw.Object{{"type", "IAMUser"}, {"arn", "arn:aws:iam::100000000007:user/" + deployKey}, {"accountId", "100000000007"}, {"accessKeyId", "AKIAEXAMPLEDEPLOY"}, {"userName", deployKey}}
}

// ofPerson is a person who came by single sign-on.
func ofPerson(name string) raw.Object {
	return raw.Object{
		{"type", "AssumedRole"}, {"arn", "arn:aws:sts::100000000007:assumed-role/Developer/" + name}, {"accountId", "100000000007"},
		{"accessKeyId", fmt.Sprintf("ASIAEXAMPLE%04X", raw.Hash(name)>>48)},
		{"sessionContext", raw.Object{{"sessionIssuer", raw.Object{{"type", "Role"}, {"userName", "Developer"}}}, {"attributes", raw.Object{{"mfaAuthenticated", "true"}}}}},
	}
}

// trail is a day of the cloud's audit: deployments, what developers look at,
// the nightly export, and what was done with the stolen key.
func (s *shop) trail(d *raw.Day) {
	add := func(t time.Time, c call) { d.Add(t, c.text(t, d)) }
	for _, runner := range runners() {
		for _, b := range s.jobs(runner, d.Start) {
			if b.deploys {
				s.deployment(b, add)
			}
		}
	}
	if d.Workday() {
		for _, p := range s.people {
			d.Scattered(2+d.RNG.IntN(8), 10, 19.5, func(t time.Time) {
				name := raw.Pick(d.RNG, []string{"DescribeInstances", "DescribeLogGroups", "ListFunctions", "GetMetricData", "DescribeAlarms", "ListBuckets"})
				service := map[string]string{"DescribeInstances": "ec2", "DescribeLogGroups": "logs", "ListFunctions": "lambda", "GetMetricData": "monitoring", "DescribeAlarms": "monitoring", "ListBuckets": "s3"}[name]
				add(t, call{service: service, name: name, who: ofPerson(p.Name), from: p.Place(t), agent: p.Agent, request: raw.Object{}, read: true})
			})
		}
	}
	export := raw.Object{{"type", "AssumedRole"}, {"arn", "arn:aws:sts::100000000007:assumed-role/export-job/nightly"}, {"accountId", "100000000007"}, {"accessKeyId", "ASIAEXAMPLEEXPORT"}}
	for i := range 24 { // the one bucket whose data operations are recorded
		t := d.Start.Add(4*time.Hour + time.Duration(i*9)*time.Second)
		add(t, call{service: "s3", name: "PutObject", who: export, from: "10.40.2.31", agent: "aws-sdk-go-v2/1.36", request: raw.Object{{"bucketName", "example-export"}, {"key", fmt.Sprintf("%s/customers-%02d.csv", t.Format("2006-01-02"), i)}}})
	}
	s.readOut(d, add)
}

// deployment is what a build does in the cloud.
func (s *shop) deployment(b build, add func(t time.Time, c call)) {
	own := call{who: ofBuilds(), from: nat, agent: cloudTool}
	own.service, own.name, own.read, own.request = "sts", "GetCallerIdentity", true, raw.Object{}
	add(b.at.Add(79*time.Second), own)
	own.service, own.name, own.read, own.request = "s3", "GetBucketLocation", true, raw.Object{{"bucketName", "example-web-" + b.repo}}
	add(b.at.Add(80*time.Second), own)
	own.service, own.name, own.read, own.request = "cloudfront", "CreateInvalidation", false, raw.Object{{"distributionId", fmt.Sprintf("E%X", raw.Hash(b.repo)>>40)}}
	add(b.at.Add(100*time.Second), own)
}

// Objects read from the bucket that is recorded, in the two sessions.
const firstRead, secondRead = 640, 212

// readOut is what was done with the stolen key, and how it was taken away.
func (s *shop) readOut(d *raw.Day, add func(t time.Time, c call)) {
	do := func(t time.Time, service, name string, request raw.Object, problem string) {
		d.On(t, func(t time.Time) {
			add(t, call{service: service, name: name, who: ofBuilds(), from: reader, agent: "Boto3/1.38.12 md/Botocore#1.38.12 ua/2.1 os/linux#6.1.0", request: request, problem: problem, read: true})
		})
	}
	begin := at("07-03 04:20:09")
	do(begin, "sts", "GetCallerIdentity", raw.Object{}, "")
	do(begin.Add(7*time.Second), "s3", "ListBuckets", raw.Object{}, "")
	do(begin.Add(30*time.Second), "iam", "ListUsers", raw.Object{}, "AccessDenied")
	do(begin.Add(41*time.Second), "iam", "CreateUser", raw.Object{{"userName", "backup-sync"}}, "AccessDenied")
	do(begin.Add(55*time.Second), "secretsmanager", "ListSecrets", raw.Object{}, "AccessDenied")
	for i, name := range []string{"example-export", "example-backup", "example-web-api", "example-web-billing", "example-attachments"} {
		do(begin.Add(time.Duration(70+4*i)*time.Second), "s3", "GetBucketLocation", raw.Object{{"bucketName", name}}, "")
	}
	get := func(from time.Time, n int, day string) {
		for i := range n {
			do(from.Add(time.Duration(i)*2900*time.Millisecond), "s3", "GetObject", raw.Object{{"bucketName", "example-export"}, {"key", fmt.Sprintf("%s-%02d/customers-%02d.csv", day, 1+i/24%30, i%24)}}, "")
		}
	}
	get(at("07-03 04:31:02"), firstRead, "2026-06")
	get(at("07-05 03:02:44"), secondRead, "2026-05")
	d.On(disabled(), func(t time.Time) {
		add(t, call{service: "iam", name: "UpdateAccessKey", who: ofPerson("h.kanno"), from: s.person("h.kanno").Home, agent: s.person("h.kanno").Agent, request: raw.Object{{"userName", deployKey}, {"accessKeyId", "AKIAEXAMPLEDEPLOY"}, {"status", "Inactive"}}})
	})
	do(at("07-11 03:02:19"), "sts", "GetCallerIdentity", raw.Object{}, "InvalidClientTokenId")
}
