// Package system reads what a Unix machine writes about itself: the syslog envelope with its programs, auditd and laurel.
package system
