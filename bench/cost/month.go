package cost

import "fmt"

// Stack is the parts of a deployed stack that have a monthly price, from its template.
type Stack struct {
	Alarms       int
	AlarmMetrics int // metrics that the alarms watch; an alarm over an expression watches several
	Dashboards   int
	// hookwarden's own metrics, one for each value of a dimension. Steady metrics are
	// about webhooks and have a figure in every hour in a busy stack. All others are
	// rare.
	SteadyMetrics, RareMetrics int
	Pollers                    int // mappings that poll a queue
	Queues                     int
	Tables                     int
}

// Monthly prices in dollars: list prices in us-east-1.
const (
	alarmMetric  = 0.10
	dashboard    = 3.00
	customMetric = 0.30 // for a metric with a figure in every hour; else for its hours' share
	storedGB     = 0.25
	backedGB     = 0.20
	key          = 1.00
	keyRequest   = 0.03 / 1e4
)

// What the model assumes about a month.
const (
	hours          = 730
	pollersEach    = 5  // for each mapping, while its queue is empty
	receivesMinute = 3  // a poller waits for 20 s
	sweepReads     = 80 // units: half of one for each of 16 parts, of 8 days and of who is disabled and who is warned
	sweepSeconds   = 2
	rareHours      = 20 // hours in which rare events happen
	entryBytes     = 234
	daysOfMonth    = 30.4
	daysKept       = 30
	dataKeyMinutes = 5 // how long SQS and DynamoDB keep a data key for a caller
)

// Month is what a month with that many webhooks costs in addition to Bill: its lines,
// their total, and the extra cost of a KMS key.
func Month(s Stack, webhooks float64) (lines []Line, total, withKey float64) {
	busy := 1.0
	if webhooks == 0 {
		busy = 0
	}
	receives := float64(s.Pollers * pollersEach * receivesMinute * 60 * hours)
	stored := webhooks * entryBytes * daysKept / daysOfMonth / 1e9
	lines = []Line{
		{fmt.Sprintf("CloudWatch: %d alarms over %d metrics", s.Alarms, s.AlarmMetrics), float64(s.AlarmMetrics) * alarmMetric},
		{"CloudWatch: the dashboard", float64(s.Dashboards) * dashboard},
		{fmt.Sprintf("CloudWatch: metrics of webhooks (%d), in every hour", s.SteadyMetrics), busy * float64(s.SteadyMetrics) * customMetric},
		{fmt.Sprintf("CloudWatch: rare metrics (%d), in %d hours each", s.RareMetrics, rareHours), busy * float64(s.RareMetrics) * customMetric * rareHours / hours},
		{fmt.Sprintf("SQS: empty receives of %d queues", s.Pollers), receives * sqsRequest},
		{"the sweep, every hour", hours * (lambdaRequest + sweepSeconds*memory*gigabyteSecond + sweepReads*readUnit + float64(PlatformLines)*logByte)},
		{"DynamoDB: the log of 30 days", stored * storedGB},
		{"DynamoDB: its point-in-time recovery", stored * backedGB},
	}
	for _, l := range lines {
		total += l.Dollars
	}
	dataKeys := float64(2*s.Queues+s.Tables) * hours * 60 / dataKeyMinutes
	return lines, total, key + busy*dataKeys*keyRequest
}
