// Package session is what all commands have in common: the flags that hold for each of
// them, the stack that they are about, and the way in which they answer.
package session

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/place"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
)

// World is what the program finds around it.
type World struct {
	In                                   io.Reader
	Out, Err                             io.Writer
	InTerminal, OutTerminal, ErrTerminal bool
	Width                                int // of the terminal that Out is, in columns
	Getenv                               func(name string) string
	Dir                                  string // the working directory
	Zone                                 *time.Location
	Now                                  func() time.Time
}

// Session is one run of the program.
type Session struct {
	World
	choice place.Choice
	output string
	utc    bool
	debug  bool

	calls   calls
	begun   time.Time
	clients *Clients
}

// New begins a session.
func New(w World) *Session {
	return &Session{World: w, calls: calls{now: w.Now}, begun: w.Now()}
}

// Clients are the stack and the clients of its services.
type Clients struct {
	*place.Place
	DynamoDB   *dynamodb.Client
	SQS        *sqs.Client
	Lambda     *lambda.Client
	SES        *sesv2.Client
	CloudWatch *cloudwatch.Client
}

// perTry is how long one request to AWS may take: people wait for it.
const perTry = 15 * time.Second

// Open finds the stack, once, and makes the clients.
func (s *Session) Open(ctx context.Context) (*Clients, error) {
	if s.clients != nil {
		return s.clients, nil
	}
	p, err := place.Find(ctx, s.choice, s.Dir, func(c *aws.Config) {
		c.HTTPClient = plainBodies{awshttp.NewBuildableClient().WithTimeout(perTry)}
		c.APIOptions = append(c.APIOptions, s.calls.add)
		c.AppID = "hookwarden-operator"
	})
	if err != nil {
		return nil, err
	}
	s.clients = &Clients{
		Place:      p,
		DynamoDB:   dynamodb.NewFromConfig(p.Config),
		SQS:        sqs.NewFromConfig(p.Config),
		Lambda:     lambda.NewFromConfig(p.Config),
		SES:        sesv2.NewFromConfig(p.Config),
		CloudWatch: cloudwatch.NewFromConfig(p.Config),
	}
	return s.clients, nil
}

// JSON reports whether the answer is for a program: then nothing is asked, and all that
// is for people goes to Err.
func (s *Session) JSON() bool { return s.output == "json" }

// Print writes a command's answer: value for programs, or what page writes for people.
// The fields of value have stable names; its times are show.Time.
func (s *Session) Print(value any, page func(*show.Page)) error {
	if s.JSON() {
		return show.JSON(s.Out, value)
	}
	out := bufio.NewWriter(s.Out)
	p := s.Page(out)
	page(p)
	if err := p.Err(); err != nil {
		return err
	}
	return out.Flush()
}

// Page is a page for people, as wide and as colourful as Out allows.
func (s *Session) Page(out io.Writer) *show.Page {
	p := &show.Page{Out: out, Zone: s.Zone, Now: s.Now(), ASCII: !s.speaksUTF8(),
		Colours: s.OutTerminal && s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"}
	if s.OutTerminal {
		p.Width = s.Width
	}
	if s.utc {
		p.Zone = time.UTC
	}
	return p
}

// Say is a moment within a sentence of an answer: in the person's zone, or as JSON has it.
func (s *Session) Say(t time.Time) string {
	if s.JSON() {
		return platform.FormatTime(t)
	}
	return s.Page(io.Discard).Time(t)
}

// speaksUTF8 asks the locale.
func (s *Session) speaksUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := s.Getenv(name); value != "" {
			folded := strings.ToLower(strings.ReplaceAll(value, "-", ""))
			return strings.Contains(folded, "utf8")
		}
	}
	return false
}

// Note says something to the person that is no part of the answer, on Err.
func (s *Session) Note(format string, args ...any) {
	_, _ = fmt.Fprintln(s.Err, show.Clean(show.Text(format, args...).Text))
}

// Progress shows how far something long has come, if a person looks at Err. total is -1
// if nobody knows.
func (s *Session) Progress(total int64, what string) *show.Progress {
	return show.NewProgress(s.Err, s.ErrTerminal && !s.debug, total, what)
}

// Confirm asks a person whether to do it; yes is what --yes says. Without a person to
// ask it is an error.
func (s *Session) Confirm(question string, yes bool) error { //nolint:revive // yes is the flag's value
	if yes {
		return nil
	}
	if !s.InTerminal || s.JSON() {
		return fault.NewUsage("Look first with --dry-run, then say --yes.", "this asks before it changes anything, and nobody is there to answer")
	}
	_, _ = fmt.Fprint(s.Err, show.Clean(question)+" [y/N] ")
	line, err := bufio.NewReader(s.In).ReadString('\n')
	if err != nil && line == "" {
		return fault.NewFailed("", "nothing was changed: no answer")
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return fault.NewFailed("", "nothing was changed")
}
