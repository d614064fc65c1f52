// Package database reads the logs of database servers: PostgreSQL, MariaDB, MySQL, SQL Server, Oracle, MongoDB and CouchDB.
package database
