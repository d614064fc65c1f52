package overlooked

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

// nowhere tells of native fields that were asked for and that no event of the
// sources has in the window: nothing shows that what was asked for would stand
// there. A name that was mistyped is such a field.
func nowhere(ctx context.Context, x Index, q Asked) (event.Phrase, error) {
	var missing []string
	for _, field := range natives(q.Plan.Root, nil) {
		n, err := x.Count(ctx, q.request(query.Match{Field: field, Native: true, Op: query.Exists}))
		if err != nil {
			return event.Phrase{}, err
		}
		if n == 0 {
			missing = append(missing, field)
		}
	}
	return nowhereWords(missing), nil
}

// nowhereWords is empty where no field is missing.
func nowhereWords(missing []string) event.Phrase {
	if len(missing) == 0 {
		return event.Phrase{}
	}
	return event.Phrase{
		JA: fmt.Sprintf("項目 %s を持つ記録がこの期間に一件もなく、尋ねたことが記録されるか分からない", strings.Join(missing, "、")),
		EN: fmt.Sprintf("no event in the window has the field %s: nothing shows that what was asked for would be recorded there", strings.Join(missing, ", ")),
	}
}

// maxFields bounds the fields that are looked for.
const maxFields = 16

// natives adds the native fields that a query asks for, each once.
func natives(n query.Node, list []string) []string {
	var more []query.Node
	switch n := n.(type) {
	case query.Match:
		if n.Native && len(list) < maxFields && !slices.Contains(list, n.Field) {
			list = append(list, n.Field)
		}
	case query.And:
		more = n.Nodes
	case query.Or:
		more = n.Nodes
	}
	for _, c := range more {
		list = natives(c, list)
	}
	return list
}
