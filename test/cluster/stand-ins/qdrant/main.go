// A stand-in for Qdrant in the cluster tests, on machines that cannot have the real image. It is not Qdrant: it keeps
// no vectors, finds nothing and takes no snapshots.
//
// What it shows: that the manifest gives the server its API key, ports and writable places under the names that the
// real one reads, that probes and policies meet it, and that clients come with the right key. What it does not show:
// that the real image starts with these settings, how much it needs, or that its data survives.
//
// It reads the variables of the real server, refuses to start where that one would, listens on the same ports, asks
// for the key at the same paths and ends on the same signals.
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const version = "stand-in"

func main() {
	log.SetFlags(0)
	storage := setting("QDRANT__STORAGE__STORAGE_PATH", "./storage")
	snapshots := setting("QDRANT__STORAGE__SNAPSHOTS_PATH", "./snapshots")
	initialised := setting("QDRANT_INIT_FILE_PATH", ".qdrant-initialized")
	key := setting("QDRANT__SERVICE__API_KEY", "")

	for _, folder := range []string{filepath.Join(storage, "collections"), filepath.Join(snapshots, "tmp")} {
		must(os.MkdirAll(folder, 0o755))
		probe := filepath.Join(folder, ".written")
		must(os.WriteFile(probe, nil, 0o644))
		must(os.Remove(probe))
	}
	must(os.WriteFile(initialised, nil, 0o644))

	servers := []*http.Server{serve("QDRANT__SERVICE__HTTP_PORT", "6333", guard(key, api()))}
	if os.Getenv("QDRANT__SERVICE__METRICS_PORT") != "" {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /metrics", metrics)
		servers = append(servers, serve("QDRANT__SERVICE__METRICS_PORT", "", mux))
	}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	<-stop.Done()
	patience, done := context.WithTimeout(context.Background(), 30*time.Second)
	defer done()
	for _, server := range servers {
		must(server.Shutdown(patience))
	}
}

func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", text(fmt.Sprintf(`{"title":"not Qdrant but its stand-in","version":%q}`, version)))
	mux.HandleFunc("GET /healthz", text("healthz check passed"))
	mux.HandleFunc("GET /livez", text("livez check passed"))
	mux.HandleFunc("GET /readyz", text("all shards are ready"))
	mux.HandleFunc("GET /collections", text(`{"result":{"collections":[]},"status":"ok","time":0.0}`))
	mux.HandleFunc("GET /metrics", metrics)
	return mux
}

// The key is asked for everywhere but at the root and the health paths; without it the answer is 401, a wrong one
// too. 403 would be for a key that may only read. A server without a key asks for none.
func guard(key string, next http.Handler) http.Handler {
	open := map[string]bool{"/": true, "/healthz": true, "/livez": true, "/readyz": true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.Header.Get("api-key")
		if bearer, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); given == "" && is {
			given = bearer
		}
		switch {
		case key == "" || open[r.URL.Path] || subtle.ConstantTimeCompare([]byte(given), []byte(key)) == 1:
			next.ServeHTTP(w, r)
		case given == "":
			http.Error(w, "an API key or a bearer token is missing", http.StatusUnauthorized)
		default:
			http.Error(w, "the API key is wrong", http.StatusUnauthorized)
		}
	})
}

func metrics(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "# TYPE app_info gauge\napp_info{name=\"qdrant\",version=%q} 1\n", version)
	fmt.Fprint(w, "# TYPE collections_total gauge\ncollections_total 0\n")
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func serve(name, fallback string, handler http.Handler) *http.Server {
	port, err := strconv.ParseUint(setting(name, fallback), 10, 16)
	must(err)
	server := &http.Server{Addr: fmt.Sprintf(":%d", port), Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			must(err)
		}
	}()
	log.Printf("stand-in for Qdrant listens on %d", port)
	return server
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
