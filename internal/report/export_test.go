package report

// SmallCase is a report's input with one of everything, for the tests of forms.
func SmallCase() Input { return smallCase() }
