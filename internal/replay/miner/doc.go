// Package miner is the incident of a scan, a planted job and coin mining on cloud servers of 2018.
package miner
