package baseline

// people are the baselines about accounts and the persons behind them.
func people() []func(*Kit) Baseline { return nil }
