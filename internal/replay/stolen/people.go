package stolen

import (
	"fmt"

	"github.com/konseki/konseki/internal/replay/raw"
)

// people are about sixty: those of the published report under their letters,
// and others under ordinary names.
func people() []raw.Person {
	family := []string{"sato", "suzuki", "takahashi", "tanaka", "ito", "yamamoto", "nakamura", "kobayashi", "kato", "yoshida", "yamada", "sasaki", "yamaguchi", "matsumoto"}
	given := []string{"h", "k", "m", "y"}
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63.0.3239.132 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_2) AppleWebKit/604.4.7 (KHTML, like Gecko) Version/11.0.2 Safari/604.4.7",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:57.0) Gecko/20100101 Firefox/57.0",
	}
	var out []raw.Person
	for i, name := range []string{"A", "B", "C", "E", "F"} {
		out = append(out, raw.Person{Name: name, Home: fmt.Sprintf("100.64.1.%d", 20+i), Mobile: fmt.Sprintf("100.72.%d.", i+1), Night: name == "B", Agent: agents[i%3]})
	}
	out[4].Home = addressY // F's usual place
	for i := range 55 {
		f, g := family[i%len(family)], given[i/len(family)]
		out = append(out, raw.Person{
			Name: g + "." + f, Home: fmt.Sprintf("100.64.%d.%d", 2+i/20, 10+i*4%240), Mobile: fmt.Sprintf("100.72.%d.", 10+i),
			Night: i%11 == 0, Agent: agents[i%3],
		})
	}
	return out
}
