package vault

import (
	"encoding/binary"
	"time"

	"github.com/konseki/konseki/internal/event"
)

func rowRecord(r segmentRow) event.Record {
	return event.Record{Seq: uint64(r.Seq), Received: time.Unix(0, r.Received).UTC(), Source: r.Source, Transport: r.Transport, Raw: r.Raw}
}

// putChecksum mends the checksum of a frame after a change to it.
func putChecksum(frame []byte) {
	binary.BigEndian.PutUint32(frame[4:], checksum(frame[frameHead:]))
}
