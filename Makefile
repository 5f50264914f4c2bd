# hookwarden. `make help` lists the targets.

PORT      ?= 4566
OVERRIDES ?=
ENGINE    ?=
PYTHON    ?= python3

# ARCH (arm64, x86_64 or amd64) decides GOARCH here and the Architecture parameter in localstack/stack.py and `make deploy`.
goarch   = $(if $(filter x86_64 amd64,$(1)),amd64,$(if $(filter arm64 aarch64,$(1)),arm64,$(error ARCH=$(1) is unknown: use arm64 or x86_64)))
HOST_ARCH := $(shell uname -m)
FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))

# The local engine runs the programs on this machine: localstack/stack.py sets TARGET_OS to this machine's system.
TARGET_OS ?= linux
GO_BUILD   = CGO_ENABLED=0 GOOS=$(TARGET_OS) GOARCH=$(1) go build -tags lambda.norpc -trimpath -buildvcs=false -ldflags "-s -w"

# The operator's program runs here, not in Lambda; $$arch is a variable of the recipe.
OPERATOR_BUILD = CGO_ENABLED=0 GOARCH=$${arch:-$$(go env GOARCH)} go $(1) -trimpath -buildvcs=false -ldflags "-s -w"

# Validation does not depend on the user's profile, region or folders.
SAM      = SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/.local/sam" .local/venv-sam/bin/sam
VALIDATE = AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint

STACK_PY = $(PYTHON) localstack/stack.py

# Parameters that add statements to the roles.
EVERYTHING = MailFrom=a@b.example PlatformUrl=https://b.example PlatformEvents=true Tracing=true KmsKeyArn=arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555

GOLANGCI_VERSION = 2.15.0
GOLANGCI         = .local/bin/golangci-lint

.PHONY: help demo test fuzz build operator up down bench lint validate invoke deploy mail-pictures clean setup

# What follows a target's ## is its help; each | begins a line about options.
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{n = split($$2, line, / \| /); printf "  make %-13s  %s\n", $$1, line[1]; \
	  for (i = 2; i <= n; i++) printf "  %-20s%s\n", "", line[i]}' $(firstword $(MAKEFILE_LIST))

demo: setup ## show on this machine how webhooks are sent, broken apps disabled and their owners mailed | KEEP=1 leaves the stack up
	@go run ./localstack/demo

# These tests walk through tens of thousands of states in one goroutine. The race detector finds nothing there and takes
# ten times as long.
WALKS = Interleaving

test: setup validate $(if $(CI),fuzz) ## run the unit tests with the race detector, each benchmark once, and the end-to-end tests on their own stack
	@race=-race; \
	if ! printf 'int main(void){return 0;}' | $$(go env CC) -x c -o /dev/null - 2>/dev/null; then \
	  if [ "$$CI" = true ]; then echo "No C compiler works here, and the race detector needs one." >&2; exit 1; fi; \
	  echo "No C compiler works here, so the tests run without the race detector." >&2; \
	  race=; \
	fi; \
	go test -count=1 -run '$(WALKS)' ./shared/disabling && \
	go test $$race -count=1 -skip '$(WALKS)' -bench . -benchtime 1x ./...

fuzz: ## fuzz the code that reads outside input, 10 s for each target (CI does this before the tests)
	@for target in platform:FuzzDecodeWebhook platform:FuzzDecodeRegistry webhook:FuzzReadResponse; do \
	  go test ./shared/$${target%%:*} -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime 10s || exit 1; \
	done

build: ## build dist/<goarch>/<function>/bootstrap for each function, and dist/<goarch>/hookwarden | ARCH=arm64 or x86_64; the default is this machine's
	@set -e; arch=$(call goarch,$(or $(ARCH),$(HOST_ARCH))); mkdir -p dist; \
	tmp=$$(mktemp -d dist/.build-XXXXXX); trap 'rm -rf "$$tmp"' EXIT; \
	$(call GO_BUILD,$$arch) -o "$$tmp/" ./functions/...; \
	for name in $(FUNCTIONS); do \
	  mkdir -p dist/$$arch/$$name; \
	  mv -f "$$tmp/$$name" dist/$$arch/$$name/bootstrap; \
	done; \
	$(call OPERATOR_BUILD,build) -o "$$tmp/hookwarden" ./cmd/hookwarden; \
	mv -f "$$tmp/hookwarden" dist/$$arch/hookwarden

operator: ## install the operator's program, hookwarden, where `go install` puts programs
	@$(call OPERATOR_BUILD,install) ./cmd/hookwarden
	@echo "$$(go list -f '{{.Target}}' ./cmd/hookwarden) is installed; try: hookwarden --help"

up: ## start the local stack, or redeploy what changed | PORT=4566, OVERRIDES="Name=value …" | ENGINE=localstack uses LocalStack in Docker, or the one at LOCALSTACK_ENDPOINT=… | ENGINE=aws STACK=… runs the end-to-end tests in your AWS account
	@$(STACK_PY) up --engine "$(ENGINE)" --port "$(PORT)" --stack "$(STACK)"

down: ## stop the local stack and remove what it left | PORT=4566 | ENGINE=aws STACK=… deletes that stack and what it retained
	@$(STACK_PY) down --engine "$(ENGINE)" --port "$(PORT)" --stack "$(STACK)"

bench: TARGET_OS = $(shell go env GOOS)
bench: setup build ## measure every figure of docs/benchmarks.md, in six minutes | BASE=ref compares with that commit | BENCH="-only cpu,month" measures only these; BENCH=-all adds every neighbour, and takes 13 minutes
	@mkdir -p .local/bench && go build -o .local/bench/bench ./bench
	@$(call GO_BUILD,$(call goarch,$(HOST_ARCH))) -o .local/bench/ ./bench/bare
	@exec .local/bench/bench $(if $(BASE),-base "$(BASE)") $(BENCH)

lint: validate ## check the Go code (gofmt, go vet, golangci-lint) and the template | sam validate --lint, cfn-lint on the expanded template, AWS's own models, parliament, checkov
	@$(STACK_PY) setup --lint
	@.local/venv-sam/bin/python template/lint.py
	@.local/venv-sam/bin/python template/expand.py $(EVERYTHING) | .local/venv-checkov/bin/python template/policies.py
	@mkdir -p .local/tmp && TMPDIR="$(CURDIR)/.local/tmp" .local/venv-checkov/bin/checkov --config-file template/checkov.yaml --file template.yaml
	@unformatted=$$(gofmt -l bench cmd docs functions localstack shared template); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:" $$unformatted >&2; exit 1; fi
	@go vet ./...
	@if ! $(GOLANGCI) version 2>/dev/null | grep -qF "version $(GOLANGCI_VERSION) "; then \
	  echo "installing golangci-lint $(GOLANGCI_VERSION) (once, about two minutes)"; \
	  GOBIN="$(CURDIR)/.local/bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI_VERSION); \
	fi
	@$(GOLANGCI) run

validate: setup ## run sam validate --lint
	@$(VALIDATE)

invoke: ## run a function with sam local invoke on the running local stack | FUNCTION=deliver EVENT=events/deliver-success.json | REMOTE=1 needs no Docker; SKIP_PULL_IMAGE=1 as in the SAM CLI | SERVE=1 prepares for running sam local invoke yourself
	@if [ -n "$(SERVE)" ]; then exec go run ./localstack/invoke -port "$(PORT)" -serve; fi; \
	if [ -z "$(FUNCTION)" ] || [ -z "$(EVENT)" ]; then echo "Name both, for example: make invoke FUNCTION=deliver EVENT=events/deliver-success.json" >&2; exit 2; fi; \
	go run ./localstack/invoke -port "$(PORT)" $(if $(REMOTE),-remote) $(if $(SKIP_PULL_IMAGE),-skip-pull-image) "$(FUNCTION)" "$(EVENT)"

deploy: setup ## deploy hookwarden to your AWS account; it asks for what is missing | STACK=…, MAIL_FROM=…, PLATFORM_URL=…, OVERRIDES="PlatformId=… …" | CONFIG=staging, prod or sentry; ARCH=arm64 or x86_64
	@set -e; arch=$(call goarch,$(or $(ARCH),arm64)); \
	arguments=$$(STACK="$(STACK)" MAIL_FROM="$(MAIL_FROM)" PLATFORM_URL="$(PLATFORM_URL)" ARCHITECTURE=$(subst amd64,x86_64,$(call goarch,$(or $(ARCH),arm64))) \
	  .local/venv-sam/bin/python template/deploy.py check $(or $(CONFIG),default)); \
	ARCH=$$arch $(SAM) build --build-in-source; \
	STACK="$(STACK)" .local/venv-sam/bin/python template/deploy.py prepare $(or $(CONFIG),default); \
	eval "set -- $$arguments"; $(SAM) deploy "$$@"

mail-pictures: ## take pictures of the mails for docs/mails/, with headless Chromium
	@localstack/mail_pictures.sh

clean: ## stop every local stack, and remove everything that make has built and installed here
	@for dir in .local/[0-9]*; do if [ -d "$$dir" ]; then $(STACK_PY) down --port "$${dir##*/}"; fi; done
	rm -rf .local .aws-sam dist

setup:
	@$(STACK_PY) setup

# `sam build` calls this. build-DeliverFunction builds functions/deliver into $(ARTIFACTS_DIR), for arm64 as in the
# template, unless ARCH is set.
build-%Function:
	@$(call GO_BUILD,$(call goarch,$(or $(ARCH),arm64))) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/$(shell echo $* | tr A-Z a-z)

export OVERRIDES ARCH ENGINE
