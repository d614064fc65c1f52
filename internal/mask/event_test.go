package mask_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/mask"
)

// planted is a text with a secret in it, and the secret.
func planted(t *rapid.T) (text, hidden string) {
	pass := rapid.StringMatching(`[A-Z][a-z]{3}[0-9]{3}[!#@][a-z]{2}`).Draw(t, "password")
	switch rapid.IntRange(0, 8).Draw(t, "form") {
	case 0:
		return "user=bob password=" + pass + " host=db", pass
	case 1:
		return `{"pwd":"` + pass + `","n":1}`, pass
	case 2:
		return "Login incorrect: [bob/" + pass + "] (from client ap1 port 0)", pass
	case 3:
		return "alter user bob identified by '" + pass + "'", pass
	case 4:
		return "passwd: " + pass, pass
	case 5:
		return "card 4111-1111-1111-1111 ok", "1111-1111-1111"
	case 6:
		return "5500000000000004", "5500000000000004"
	case 7:
		return "cvv=987;", "987"
	}
	return "パスワード：" + pass, pass
}

func TestNoPlantedSecretIsSeenInAnyColumnOrField(t *testing.T) {
	m := mask.New()
	rapid.Check(t, func(t *rapid.T) {
		ev := event.Event{ActorUser: "bob", Fields: []event.Field{{Name: "a", Value: "b"}}, Notes: []event.Field{{Name: "c", Value: "d"}}}
		text, hidden := planted(t)
		v := reflect.ValueOf(&ev).Elem()
		i := rapid.IntRange(0, v.NumField()-1).Draw(t, "column")
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(text)
		default:
			ev.Fields = append(ev.Fields, event.Field{Name: rapid.SampledFrom([]string{"x", "msg", "user_name", "client"}).Draw(t, "name"), Value: text})
		}
		list := []event.Event{ev}
		if shown := fmt.Sprintf("%+v", mask.Copy(m, &list)); strings.Contains(fmt.Sprintf("%+v", *mask.Copy(m, &list)), hidden) {
			t.Fatalf("%q is seen: %s", text, shown)
		}
		if got := v.Field(i); got.Kind() == reflect.String && got.String() != text {
			t.Fatalf("the event itself was changed")
		}
	})
}

func TestAPasswordInOneFieldIsMaskedInTheOthers(t *testing.T) {
	ev := event.Event{ActorUser: "hanako", Message: "tried Xyz!2345 twice", CmdLine: "login hanako Xyz!2345", Fields: []event.Field{
		{Name: "user.Password", Value: "Xyz!2345"}, {Name: "UserName", Value: "hanako"}, {Name: "Password", Value: "hanako"}}}
	got, n := mask.New().Event(ev)
	if n < 4 || strings.Contains(fmt.Sprintf("%+v", got), "Xyz!2345") {
		t.Errorf("%d masked: %+v", n, got)
	}
	if got.ActorUser != "hanako" || got.Fields[1].Value != "hanako" || got.Fields[2].Value != "••password••" {
		t.Errorf("who it was is hidden, or the password is not: %+v", got)
	}
}
