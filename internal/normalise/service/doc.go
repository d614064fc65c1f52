// Package service reads what services and applications export: Google Workspace, Slack, and JSON and CSV of any origin.
package service
