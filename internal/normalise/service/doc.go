// Package service reads what services and applications export: Google Workspace, Slack, and JSON and CSV of any origin.
package service

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of single services and applications, most specific
// first; those that take JSON or CSV of any origin are not among them.
func Formats() []format.Format {
	return []format.Format{
		NewWorkspace(), NewSlack(), NewM365(), NewBox(), NewZoom(), NewDropbox(), NewNextcloud(), NewGitLab(), NewGitea(),
		NewVaultwarden(), NewBitwarden(), NewDovecot(), NewPostfixSASL(),
	}
}
