# konseki: `make` builds bin/konseki, `make demo` shows it at work.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE   := $(CURDIR)/.cache
LINT    := $(CACHE)/bin/golangci-lint
LINTVERSION := v2.15.0
GATEWAY := $(CACHE)/bin/versitygw
GATEWAYVERSION := v1.8.0
FUZZTIME ?= 10s

.PHONY: build demo test tools lint bench replay-table fuzz check clean

build:
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/konseki ./cmd/konseki

demo: build
	bin/konseki demo

# Tests that need real daemons or the sample collections beside the repository
# skip themselves, and say so, where those are absent.
test:
	@$(MAKE) --no-print-directory tools || echo 'no versitygw: the tests of copies in S3 skip themselves'
	go test -timeout 20m ./...

# The S3 server with object lock that the tests of copies talk to.
tools: $(GATEWAY)

$(GATEWAY):
	GOBIN=$(CACHE)/bin go install github.com/versity/versitygw/cmd/versitygw@$(GATEWAYVERSION)

lint: $(LINT)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'these need gofmt'; exit 1; }
	go vet ./...
	$(LINT) run ./...

$(LINT):
	GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTVERSION)

bench:
	bench/run.sh
	go test -run '^$$' -bench . ./bench

# Each incident replayed: what is noticed when, and what is cried before.
replay-table:
	go run ./bench/replaytable

# Every fuzz target for FUZZTIME, one after the other.
fuzz:
	@set -e; git grep -l '^func Fuzz' -- '*_test.go' | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$(dirname "$$file") $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")"; \
		done; \
	done

check: lint test

clean:
	rm -rf bin
