package note

import "github.com/konseki/konseki/internal/event"

// people notes what is said of a person's whereabouts and device.
func people(_ *event.Event, dst []event.Field) []event.Field { return dst }
