package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// entry is a line of the shop's log.
func (h *linux) entry(d *raw.Day, t time.Time, level, logger, message string, more ...raw.Member) {
	o := raw.Object{{"time", t.Format("2006-01-02T15:04:05.000-07:00")}, {"level", level}, {"host", h.name}, {"logger", logger}}
	o = append(o, more...)
	d.Add(t, append(o, raw.Member{"message", message}).Text())
}

// application is a day of one application server: orders, customers' logins,
// and exceptions, which come in bursts with each deployment.
func (h *linux) application(d *raw.Day) {
	if h.role == roleBatch {
		h.batch(d)
		return
	}
	orders := 70
	if !d.Workday() {
		orders = 50
	}
	d.Scattered(orders, 0, 24, func(t time.Time) {
		h.entry(d, t, "INFO", "jp.example.shop.Order", fmt.Sprintf("order %d accepted in %d ms", 4_000_000+d.RNG.IntN(1<<20), 20+d.RNG.IntN(200)), raw.Member{"request_id", fmt.Sprintf("%016x", d.RNG.Uint64())})
	})
	d.Scattered(orders/3, 7, 24, func(t time.Time) {
		name, from, agent := h.week.customer(d)
		if d.Chance(0.08) {
			h.customerLogin(d, t.Add(-20*time.Second), name, from, agent, "failure")
		}
		h.customerLogin(d, t, name, from, agent, "success")
	})
	d.Scattered(d.RNG.IntN(3), 0, 24, func(t time.Time) { h.exception(d, t, "java.lang.IllegalStateException: cart is empty") })
	if r, ok := releaseOn(d.Start); ok {
		t := r.on(h.machine).Add(25 * time.Second)
		h.entry(d, t, "INFO", "jp.example.shop.Main", "shop "+r.version+" started")
		for i := range 12 {
			h.exception(d, t.Add(time.Duration(2+i*14)*time.Second), raw.Pick(d.RNG, []string{"java.lang.NullPointerException: template not warmed up", "java.net.ConnectException: Connection refused", "java.util.concurrent.RejectedExecutionException: pool is starting"}))
		}
	}
	from, to := trouble()
	d.On(from, func(t time.Time) {
		for ; t.Before(to); t = t.Add(time.Duration(30+d.RNG.IntN(30)) * time.Second) {
			h.exception(d, t, "org.postgresql.util.PSQLException: Read timed out")
		}
	})
}

func (h *linux) customerLogin(d *raw.Day, t time.Time, name, from, agent, outcome string) {
	h.entry(d, t, "INFO", "jp.example.shop.Login", "login "+outcome, raw.Member{"action", "login"}, raw.Member{"outcome", outcome}, raw.Member{"user", name}, raw.Member{"src_ip", from}, raw.Member{"user_agent", agent})
}

// exception is a stack trace.
func (h *linux) exception(d *raw.Day, t time.Time, what string) {
	trace := what + "\n\tat jp.example.shop.OrderService.place(OrderService.java:118)\n\tat jp.example.shop.OrderController.post(OrderController.java:54)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)"
	h.entry(d, t, "ERROR", "jp.example.shop.Order", what, raw.Member{"exception", trace})
}

// batch is a day of a batch server: jobs at night that read millions of rows.
func (h *linux) batch(d *raw.Day) {
	d.Every(30*time.Minute, time.Duration(h.n)*17*time.Second, func(t time.Time) {
		h.entry(d, t, "INFO", "jp.example.batch.Queue", fmt.Sprintf("queue empty, %d done", d.RNG.IntN(300)))
	})
	t := d.Start.Add(4*time.Hour + time.Duration(h.n)*time.Minute)
	for i := range 20 {
		u := t.Add(time.Duration(i) * time.Minute)
		h.entry(d, u, "INFO", "jp.example.batch.Aggregate", fmt.Sprintf("read %d rows of orders", (i+1)*118_000+d.RNG.IntN(900)), raw.Member{"rows", (i + 1) * 118_000})
	}
	if h.name == "batch-02" && d.Start.Weekday() == time.Monday {
		u := d.Start.Add(8*time.Hour + 34*time.Minute)
		h.entry(d, u, "INFO", "jp.example.batch.WeeklyReport", "weekly report written, 48211 customers", raw.Member{"rows", 48211})
	}
}
