// Package clock computes deadlines from the facts of a case, by rules that are data.
//
// What facts there are stands in facts.yaml, what follows from them in rules.yaml,
// and which days no office is open in calendar.yaml. Nothing here is legal advice:
// every deadline says how its rule was verified and asks for counsel.
package clock
