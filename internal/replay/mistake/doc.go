// Package mistake is the incident of a colleague's mistake on a production database that was taken for an intrusion, of 2018.
package mistake
