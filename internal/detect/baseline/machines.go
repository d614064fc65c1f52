package baseline

// machines are the baselines about hosts, programs, files and databases.
func machines() []func(*Kit) Baseline {
	return []func(*Kit) Baseline{newStatements, newNewProgram, newMassFiles, newNewJob, newWebScript, newExceptionBurst}
}
