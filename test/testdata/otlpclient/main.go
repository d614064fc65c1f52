// Command otlpclient sends log records with OpenTelemetry's own exporter, so that
// the door is tried with what real senders use. It is a module of its own: konseki
// needs none of its dependencies.
//
//	otlpclient ADDRESS TOKEN COUNT
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "otlpclient:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, token, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	exporter, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(address), otlploghttp.WithCompression(otlploghttp.GzipCompression),
		otlploghttp.WithHeaders(map[string]string{"Authorization": "Bearer " + token}))
	if err != nil {
		return err
	}
	provider := sdk.NewLoggerProvider(
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))),
		sdk.WithProcessor(sdk.NewBatchProcessor(exporter, sdk.WithMaxQueueSize(n+1))),
	)
	logger := provider.Logger("audit")
	for i := range n {
		var r log.Record
		r.SetTimestamp(time.Now())
		r.SetSeverity(log.SeverityWarn)
		r.SetBody(log.StringValue(fmt.Sprintf("order %d was changed", i)))
		r.AddAttributes(log.String("user", "r.mita"), log.Int("order", i))
		logger.Emit(ctx, r)
	}
	return provider.Shutdown(ctx)
}
