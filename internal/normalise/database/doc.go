// Package database reads the logs of database servers: PostgreSQL, MariaDB and MySQL.
package database
