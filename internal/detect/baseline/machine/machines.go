// Package machine is the baselines about sources, hosts, programs, files and databases.
package machine

import "github.com/konseki/konseki/internal/detect/baseline/learn"

// Builders are the baselines about sources, hosts, programs, files and
// databases.
func Builders() []learn.Builder {
	return []learn.Builder{newStatements, newBulkDownload, newNewProgram, newMassFiles, newNewJob, newWebScript, newBlockEvaded, newExceptionBurst, newLoggingStopped, newOutbound, newAdminTool}
}
