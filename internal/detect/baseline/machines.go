package baseline

// machines are the baselines about hosts, programs, files and databases.
func machines() []func(*Kit) Baseline {
	return []func(*Kit) Baseline{newStatements, newBulkDownload, newNewProgram, newMassFiles, newNewJob, newWebScript, newExceptionBurst, newLoggingStopped, newOutbound, newAdminTool}
}
