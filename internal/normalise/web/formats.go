package web

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room in the order asked: those with marks
// of their own before those that read any access log. NewJava is apart: it
// reads lines of so general a form that it comes last.
func Formats() []format.Format {
	return []format.Format{
		NewModSecurity(), NewCaddy(), NewTraefik(), NewEnvoy(), NewFastly(), NewCloudflare(), NewAWSWAF(), NewALB(), NewIIS(), NewCloudFront(), NewLiteSpeed(),
		NewNginx(), NewApache(), NewHAProxy(),
	}
}
