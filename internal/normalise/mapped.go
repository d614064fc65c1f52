package normalise

import (
	"bytes"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/service"
)

// Mapped recognises files as Recognise does, but CSV by its first row alone,
// whatever its headings say: a map, as [JoinMap] writes it, explains them.
func Mapped(name string, head []byte) event.Shape {
	encoding := format.EncodingOf(head)
	text, _ := format.ToUTF8(head, encoding)
	shape, ok := service.ShapeOfMapped(bytes.TrimPrefix(text, []byte("\uFEFF")))
	if !ok {
		return Recognise(name, head)
	}
	shape.Encoding = encoding
	return shape
}

// JoinMap checks a map of columns to headings, "time=日時,user=ユーザー", and
// gives it as the transport's hint "map".
func JoinMap(text string) (string, error) { return service.JoinMap(text) }
