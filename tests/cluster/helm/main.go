// What a test of the chart needs of Helm: `helm lint CHART` and `helm template CHART [KEY=VALUE…]`.
package main

import (
	"fmt"
	"os"
	"sort"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/strvals"
)

func fail(err error) {
	fmt.Fprintln(os.Stderr, "helm:", err)
	os.Exit(1)
}

func values(words []string) map[string]interface{} {
	found := map[string]interface{}{}
	for _, word := range words {
		if err := strvals.ParseInto(word, found); err != nil {
			fail(err)
		}
	}
	return found
}

func check(path string, vals map[string]interface{}) {
	result := lint.All(path, vals, "test", true)
	worst := support.UnknownSev
	for _, m := range result.Messages {
		fmt.Println(m)
		if m.Severity > worst {
			worst = m.Severity
		}
	}
	if worst >= support.WarningSev {
		os.Exit(1)
	}
}

func render(path string, vals map[string]interface{}) {
	chart, err := loader.Load(path)
	if err != nil {
		fail(err)
	}
	options := chartutil.ReleaseOptions{Name: "test", Namespace: "default", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, vals, options, chartutil.DefaultCapabilities)
	if err != nil {
		fail(err)
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		fail(err)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("---\n# %s\n%s\n", name, files[name])
	}
}

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: helm lint|template CHART [KEY=VALUE…]"))
	}
	vals := values(os.Args[3:])
	switch os.Args[1] {
	case "lint":
		check(os.Args[2], vals)
	case "template":
		render(os.Args[2], vals)
	default:
		fail(fmt.Errorf("no such command: %s", os.Args[1]))
	}
}
