package database

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room in the order asked.
func Formats() []format.Format {
	return []format.Format{
		NewPostgres(), NewMariaDB(), NewMSSQL(), NewMySQL(), NewOracle(), NewMongoDB(), NewCouchDB(),
	}
}
