// Puts the requests of a script (tests/serving/clients/script.py) with net/http; with a third argument,
// through net/http's own reverse proxy.

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
)

func main() {
	base := os.Args[1]
	if len(os.Args) > 3 {
		target, _ := url.Parse(base)
		proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
		defer proxy.Close()
		base = proxy.URL
	}
	script, err := os.ReadFile(os.Args[2])
	check(err)
	for _, line := range strings.Split(strings.TrimSpace(string(script)), "\n") {
		step := strings.Split(line, "\t")
		body, err := base64.StdEncoding.DecodeString(step[4])
		check(err)
		request, err := http.NewRequest(step[1], base+step[2], bytes.NewReader(body))
		check(err)
		for _, header := range strings.Split(step[3], "|") {
			if name, value, found := strings.Cut(header, ": "); found {
				request.Header.Set(name, value)
			}
		}
		answer, err := http.DefaultClient.Do(request)
		check(err)
		said, err := io.ReadAll(answer.Body)
		check(err)
		answer.Body.Close()
		fmt.Printf("%s\t%d\t%s\n", step[0], answer.StatusCode, base64.StdEncoding.EncodeToString(said))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
