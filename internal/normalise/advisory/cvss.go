package advisory

import (
	"math"
	"strings"
)

// vectorLevel gives the qualitative rating of a CVSS vector of version 3.0 or
// 3.1 by its base score, "" for anything else: version 4 rates by tables that
// are not here, and its publishers state a word beside the vector. Source:
// FIRST, "Common Vulnerability Scoring System v3.1", sections 5, 7.1 and 7.4.
func vectorLevel(vector string) string {
	score, ok := baseScore(vector)
	switch {
	case !ok:
		return ""
	case score >= 9:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "medium"
	case score > 0:
		return "low"
	}
	return ""
}

// baseScore computes the base score of a CVSS 3 vector.
func baseScore(vector string) (float64, bool) {
	metrics, ok := strings.CutPrefix(vector, "CVSS:3.")
	if !ok || len(vector) > 200 {
		return 0, false
	}
	m := map[string]string{}
	for part := range strings.SplitSeq(metrics, "/") {
		if name, value, isMetric := strings.Cut(part, ":"); isMetric {
			m[name] = value
		}
	}
	changed := m["S"] == "C"
	if !changed && m["S"] != "U" {
		return 0, false
	}
	weight := func(name string) float64 {
		w, known := weights(name, changed)[m[name]]
		ok = ok && known
		return w
	}
	impact := 1 - (1-weight("C"))*(1-weight("I"))*(1-weight("A"))
	exploit := 8.22 * weight("AV") * weight("AC") * weight("PR") * weight("UI")
	if !ok {
		return 0, false
	}
	if !changed {
		impact *= 6.42
	} else {
		impact = 7.52*(impact-0.029) - 3.25*math.Pow(impact-0.02, 15)
	}
	if impact <= 0 {
		return 0, true
	}
	sum := impact + exploit
	if changed {
		sum *= 1.08
	}
	return roundUp(math.Min(sum, 10)), true
}

// weights are the numbers of a metric's values.
func weights(metric string, changed bool) map[string]float64 {
	switch metric {
	case "AV":
		return map[string]float64{"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
	case "AC":
		return map[string]float64{"L": 0.77, "H": 0.44}
	case "PR":
		if changed {
			return map[string]float64{"N": 0.85, "L": 0.68, "H": 0.5}
		}
		return map[string]float64{"N": 0.85, "L": 0.62, "H": 0.27}
	case "UI":
		return map[string]float64{"N": 0.85, "R": 0.62}
	}
	return map[string]float64{"H": 0.56, "L": 0.22, "N": 0}
}

// roundUp is the specification's: the smallest number with one decimal that is
// not less, computed in whole numbers.
func roundUp(x float64) float64 {
	n := int(math.Round(x * 100_000))
	if n%10_000 == 0 {
		return float64(n) / 100_000
	}
	return float64(n/10_000+1) / 10
}
