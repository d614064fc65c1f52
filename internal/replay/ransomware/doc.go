// Package ransomware is the incident of encrypted servers in a data centre of 2023.
package ransomware
