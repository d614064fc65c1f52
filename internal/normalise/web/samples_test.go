package web_test

import (
	"flag"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite testdata/samples/*.columns")

// TestSamplesGiveTheColumnsWritten reads the public sample lines of each product.
func TestSamplesGiveTheColumnsWritten(t *testing.T) {
	for path, format := range map[string]string{
		"apache/test-error-basic.log": "apache",
		"modsecurity/test-audit.log":  "modsecurity",
		"nginx/test-access.log":       "nginx",
		"nginx/test-error-raw.log":    "nginx",
	} {
		t.Run(path, func(t *testing.T) {
			normalisetest.SampleColumns(t, "data/logs/samples/web/"+path, format, *update)
		})
	}
}

// TestAccessSamplesAreAllRead reads lines of Apache in every form: those that
// nginx writes too may be told as nginx's.
func TestAccessSamplesAreAllRead(t *testing.T) {
	_, evs := normalisetest.Import(t, normalisetest.Shared(t, "data/logs/samples/web/apache/test-access-basic.log"))
	for i := range evs {
		if evs[i].Format != "apache" && evs[i].Format != "nginx" {
			t.Errorf("line %d is read by %s", i+1, evs[i].Format)
		}
	}
}

// TestJavaReadsTheLogsOfFourSystems reads loghub's lines of Hadoop, HDFS, Spark
// and ZooKeeper.
func TestJavaReadsTheLogsOfFourSystems(t *testing.T) {
	for _, name := range []string{"Hadoop", "HDFS", "Spark", "Zookeeper"} {
		normalisetest.ImportShare(t, "data/logs/loghub/"+name+"/"+name+"_2k.log", "java", 0.99)
	}
}
