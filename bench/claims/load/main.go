// Makes SandboxClaims through the Kubernetes API and times each from before its POST to the watch event that says Ready=True.
//
//	load --kubeconfig FILE --namespace NS --pool POOL --prefix WORD MODE
//
// MODE: sequential N, rate PER_SECOND SECONDS, burst N, write N (N merge patches of one idle object: the time of one write),
// grpc N (by ClaimService, with grpc-go; needs --door, --ca and the token in BENCH_TOKEN).
// Prints one JSON object: times in milliseconds, in the order of the claims. Claims through the API use the standard library
// only, so that what is timed is the API server and the controller and not a client library's queues: every request goes out
// at once.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const group = "/apis/extensions.agents.x-k8s.io/v1beta1/namespaces/"

// kubeconfig is what of a kubeconfig the lab writes (JSON, one context, certificates inline).
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string
			CA     string `json:"certificate-authority-data"`
		}
	}
	Users []struct {
		User struct {
			Cert string `json:"client-certificate-data"`
			Key  string `json:"client-key-data"`
		}
	}
}

type api struct {
	server string
	tls    *tls.Config
}

func unbase64(s string) []byte {
	data, err := base64.StdEncoding.DecodeString(s)
	must(err)
	return data
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func openAPI(path string) *api {
	var config kubeconfig
	data, err := os.ReadFile(path)
	must(err)
	must(json.Unmarshal(data, &config))
	cert, err := tls.X509KeyPair(unbase64(config.Users[0].User.Cert), unbase64(config.Users[0].User.Key))
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(unbase64(config.Clusters[0].Cluster.CA))
	return &api{config.Clusters[0].Cluster.Server, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}
}

// client is one with connections of its own.
func (a *api) client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: a.tls.Clone(), ForceAttemptHTTP2: true}}
}

func (a *api) do(c *http.Client, method, path, contentType, body string) ([]byte, error) {
	request, err := http.NewRequest(method, a.server+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	answer, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, bytes.TrimSpace(data))
	}
	return data, err
}

type claim struct {
	Metadata struct {
		Name            string
		ResourceVersion string
	}
	Status struct {
		Conditions []struct{ Type, Status, Reason string }
		Sandbox    struct{ Name string }
	}
}

func (c *claim) readySandbox() string {
	for _, condition := range c.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" {
			return c.Status.Sandbox.Name
		}
	}
	return ""
}

// watcher knows when each claim became ready.
type watcher struct {
	mu      sync.Mutex
	waiting map[string]chan time.Time
	owner   map[string]string // Sandbox to claim
	doubles int
}

func (w *watcher) expect(name string) chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan time.Time, 1)
	w.waiting[name] = c
	return c
}

func (w *watcher) saw(c *claim, at time.Time) {
	sandbox := c.readySandbox()
	if sandbox == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if other, taken := w.owner[sandbox]; taken && other != c.Metadata.Name {
		w.doubles++
	}
	w.owner[sandbox] = c.Metadata.Name
	if waiting, ok := w.waiting[c.Metadata.Name]; ok {
		delete(w.waiting, c.Metadata.Name)
		waiting <- at
	}
}

// follow watches until the server ends the stream, as it does with who cannot keep up; returns where to go on.
func (w *watcher) follow(a *api, c *http.Client, path, version string, started chan<- struct{}) string {
	answer, err := c.Get(a.server + path + "?watch=1&resourceVersion=" + version)
	must(err)
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		must(errors.New("watch: " + answer.Status))
	}
	select {
	case started <- struct{}{}:
	default:
	}
	decoder := json.NewDecoder(answer.Body)
	for {
		var event struct {
			Type   string
			Object claim
		}
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return version
		} else {
			must(err)
		}
		version = event.Object.Metadata.ResourceVersion
		w.saw(&event.Object, time.Now())
	}
}

func watch(a *api, path string) *watcher {
	w := &watcher{waiting: map[string]chan time.Time{}, owner: map[string]string{}}
	c := a.client()
	data, err := a.do(c, "GET", path+"?limit=1", "", "")
	must(err)
	var list struct {
		Metadata struct{ ResourceVersion string }
	}
	must(json.Unmarshal(data, &list))
	version := list.Metadata.ResourceVersion
	started := make(chan struct{}, 1)
	go func() {
		for {
			version = w.follow(a, c, path, version, started)
		}
	}()
	<-started
	return w
}

type result struct {
	AckMs   []float64 `json:"ack_ms,omitempty"`
	ReadyMs []float64 `json:"ready_ms,omitempty"`
	WriteMs []float64 `json:"write_ms,omitempty"`
	WallS   float64   `json:"wall_s"`
	Doubles int       `json:"doubles"`
	Lost    int       `json:"lost"`
}

type bench struct {
	api       *api
	claims    string // path
	pool      string
	prefix    string
	namespace string
	watcher   *watcher
	client    *http.Client
	result    result
	mu        sync.Mutex
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// one makes claim i and waits until it is ready.
func (b *bench) one(i int) {
	name := fmt.Sprintf("%s-%d", b.prefix, i)
	body := fmt.Sprintf(`{"apiVersion":"extensions.agents.x-k8s.io/v1beta1","kind":"SandboxClaim","metadata":{"name":%q},`+
		`"spec":{"warmPoolRef":{"name":%q}}}`, name, b.pool)
	ready := b.watcher.expect(name)
	start := time.Now()
	_, err := b.api.do(b.client, "POST", b.claims, "application/json", body)
	must(err)
	ack := time.Since(start)
	select {
	case at := <-ready:
		b.mu.Lock()
		b.result.AckMs = append(b.result.AckMs, ms(ack))
		b.result.ReadyMs = append(b.result.ReadyMs, ms(at.Sub(start)))
		b.mu.Unlock()
	case <-time.After(60 * time.Second):
		b.mu.Lock()
		b.result.Lost++
		b.mu.Unlock()
	}
}

// spread starts n claims, the next one after each interval, and waits for all.
func (b *bench) spread(n int, interval time.Duration) {
	var all sync.WaitGroup
	start := time.Now()
	for i := range n {
		time.Sleep(time.Until(start.Add(time.Duration(i) * interval)))
		all.Go(func() { b.one(i) })
	}
	all.Wait()
}

// write times n merge patches of an object that nobody reconciles: a template no pool names.
func (b *bench) write(n int) {
	templates := group + b.namespace + "/sandboxtemplates"
	body := `{"apiVersion":"extensions.agents.x-k8s.io/v1beta1","kind":"SandboxTemplate","metadata":{"name":"idle"},` +
		`"spec":{"networkPolicyManagement":"Unmanaged","podTemplate":{"spec":{"containers":[{"name":"c","image":"i"}]}}}}`
	if _, err := b.api.do(b.client, "POST", templates, "application/json", body); err != nil &&
		!strings.Contains(err.Error(), "AlreadyExists") {
		must(err)
	}
	for i := range n {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{"n":"%d-%d"}}}`, time.Now().UnixNano(), i)
		start := time.Now()
		_, err := b.api.do(b.client, "PATCH", templates+"/idle", "application/merge-patch+json", patch)
		must(err)
		b.result.WriteMs = append(b.result.WriteMs, ms(time.Since(start)))
	}
}

func number(args []string, i int) int {
	if i >= len(args) {
		must(errors.New("sequential N | rate PER_SECOND SECONDS | burst N | write N | grpc N"))
	}
	n, err := strconv.Atoi(args[i])
	must(err)
	return n
}

func main() {
	config := flag.String("kubeconfig", "", "")
	namespace := flag.String("namespace", "default", "")
	pool := flag.String("pool", "", "")
	prefix := flag.String("prefix", "c", "")
	d := &door{token: os.Getenv("BENCH_TOKEN")}
	flag.StringVar(&d.address, "door", "", "")
	flag.StringVar(&d.ca, "ca", "", "")
	flag.Parse()
	a := openAPI(*config)
	b := &bench{api: a, claims: group + *namespace + "/sandboxclaims", pool: *pool, prefix: *prefix,
		namespace: *namespace, client: a.client()}
	// The connection is made before anything is timed.
	_, err := a.do(b.client, "GET", b.claims+"?limit=1", "", "")
	must(err)

	args := flag.Args()
	mode := ""
	if len(args) > 0 {
		mode = args[0]
	}
	if mode != "write" && mode != "grpc" {
		b.watcher = watch(a, b.claims)
	}
	start := time.Now()
	switch mode {
	case "sequential":
		for i := range number(args, 1) {
			b.one(i)
		}
	case "rate":
		b.spread(number(args, 1)*number(args, 2), time.Second/time.Duration(number(args, 1)))
	case "burst":
		b.spread(number(args, 1), 0)
	case "grpc":
		b.call(d, number(args, 1))
	default:
		b.write(number(args, 1))
	}
	b.result.WallS = time.Since(start).Seconds()
	if b.watcher != nil {
		b.watcher.mu.Lock()
		b.result.Doubles = b.watcher.doubles
	}
	must(json.NewEncoder(os.Stdout).Encode(b.result))
}
