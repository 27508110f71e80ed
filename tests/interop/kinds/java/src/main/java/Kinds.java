import com.google.protobuf.ByteString;
import dev.agentsandbox.v1.AttachRequest;
import dev.agentsandbox.v1.AttachResponse;
import dev.agentsandbox.v1.FileInfo;
import dev.agentsandbox.v1.FileServiceGrpc;
import dev.agentsandbox.v1.OutputData;
import dev.agentsandbox.v1.ReadRequest;
import dev.agentsandbox.v1.ReadResponse;
import dev.agentsandbox.v1.StatRequest;
import dev.agentsandbox.v1.StatResponse;
import dev.agentsandbox.v1.StdinData;
import dev.agentsandbox.v1.StreamServiceGrpc;
import dev.agentsandbox.v1.WriteOpen;
import dev.agentsandbox.v1.WriteRequest;
import dev.agentsandbox.v1.WriteResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The four kinds of call on grpc-java and gen/java: Kinds serve | Kinds call HOST:PORT. See tests/interop/README.md. */
public final class Kinds {
    private static final int N_CHUNKS = 1000, N_WRITES = 100, WRITE_BYTES = 1000, N_ROUNDS = 20;
    private static final int TIMEOUT_S = 60;

    private static FileInfo info(String path, long n) {
        return FileInfo.newBuilder().setPath(path).setSizeBytes(n).build();
    }

    private static final class Files extends FileServiceGrpc.FileServiceImplBase {
        @Override
        public void stat(StatRequest request, StreamObserver<StatResponse> answer) {
            if (request.getPath().isEmpty()) {
                answer.onError(Status.INVALID_ARGUMENT.withDescription("path is empty").asRuntimeException());
                return;
            }
            answer.onNext(StatResponse.newBuilder().setInfo(info(request.getPath(), request.getPath().length())).build());
            answer.onCompleted();
        }

        @Override
        public void read(ReadRequest request, StreamObserver<ReadResponse> answer) {
            for (long i = 0; i < request.getLength(); i++) {
                answer.onNext(ReadResponse.newBuilder().setOffset(i).setData(ByteString.copyFromUtf8("chunk " + i)).build());
            }
            answer.onCompleted();
        }

        @Override
        public StreamObserver<WriteRequest> write(StreamObserver<WriteResponse> answer) {
            return new StreamObserver<>() {
                private String path = "";
                private long n;

                @Override
                public void onNext(WriteRequest request) {
                    if (request.hasOpen()) {
                        path = request.getOpen().getPath();
                    }
                    n += request.getData().size();
                }

                @Override
                public void onError(Throwable error) {}

                @Override
                public void onCompleted() {
                    answer.onNext(WriteResponse.newBuilder().setInfo(info(path, n)).build());
                    answer.onCompleted();
                }
            };
        }
    }

    private static final class Streams extends StreamServiceGrpc.StreamServiceImplBase {
        @Override
        public StreamObserver<AttachRequest> attach(StreamObserver<AttachResponse> answer) {
            return new StreamObserver<>() {
                @Override
                public void onNext(AttachRequest request) {
                    StdinData in = request.getStdin();
                    OutputData out = OutputData.newBuilder().setOffset(in.getOffset()).setData(in.getData()).build();
                    answer.onNext(AttachResponse.newBuilder().setOutput(out).build());
                }

                @Override
                public void onError(Throwable error) {}

                @Override
                public void onCompleted() {
                    answer.onCompleted();
                }
            };
        }
    }

    private static void serve() throws Exception {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(new Files()).addService(new Streams()).build().start();
        System.out.println("127.0.0.1:" + server.getPort());
        server.awaitTermination();
    }

    private static void expect(Object got, Object wanted) {
        if (!got.equals(wanted)) {
            throw new AssertionError("expected " + wanted + ", got " + got);
        }
    }

    private static void callUnary(FileServiceGrpc.FileServiceBlockingStub files) {
        expect(files.stat(StatRequest.newBuilder().setPath("/a/b").build()).getInfo(), info("/a/b", 4));
        System.out.println("unary");
        try {
            files.stat(StatRequest.getDefaultInstance());
        } catch (StatusRuntimeException error) {
            expect(error.getStatus().getCode(), Status.Code.INVALID_ARGUMENT);
            expect(error.getStatus().getDescription(), "path is empty");
            System.out.println("error");
            return;
        }
        throw new AssertionError("an empty path was taken");
    }

    private static void callRead(FileServiceGrpc.FileServiceBlockingStub files) {
        Iterator<ReadResponse> chunks = files.read(ReadRequest.newBuilder().setPath("/a").setLength(N_CHUNKS).build());
        for (int i = 0; i < N_CHUNKS; i++) {
            ReadResponse chunk = chunks.next();
            expect(chunk.getOffset(), (long) i);
            expect(chunk.getData().toStringUtf8(), "chunk " + i);
        }
        expect(chunks.hasNext(), false);
        System.out.println("server-streaming");
    }

    /** Puts answers into a queue; the end of the call as END or its error. */
    private static final class Answers<T> implements StreamObserver<T> {
        static final Object END = "end";
        private final BlockingQueue<Object> queue = new LinkedBlockingQueue<>();

        @Override
        public void onNext(T answer) {
            queue.add(answer);
        }

        @Override
        public void onError(Throwable error) {
            queue.add(error);
        }

        @Override
        public void onCompleted() {
            queue.add(END);
        }

        Object next() throws InterruptedException {
            Object answer = queue.poll(TIMEOUT_S, TimeUnit.SECONDS);
            if (answer == null || answer instanceof Throwable) {
                throw new AssertionError("no answer", (Throwable) answer);
            }
            return answer;
        }
    }

    private static void callWrite(FileServiceGrpc.FileServiceStub files) throws Exception {
        Answers<WriteResponse> answers = new Answers<>();
        StreamObserver<WriteRequest> requests = files.write(answers);
        requests.onNext(WriteRequest.newBuilder().setOpen(WriteOpen.newBuilder().setPath("/w")).build());
        for (int i = 0; i < N_WRITES; i++) {
            requests.onNext(WriteRequest.newBuilder().setData(ByteString.copyFrom(new byte[WRITE_BYTES])).build());
        }
        requests.onCompleted();
        expect(((WriteResponse) answers.next()).getInfo(), info("/w", (long) N_WRITES * WRITE_BYTES));
        expect(answers.next(), Answers.END);
        System.out.println("client-streaming");
    }

    private static void callAttach(StreamServiceGrpc.StreamServiceStub streams) throws Exception {
        Answers<AttachResponse> answers = new Answers<>();
        StreamObserver<AttachRequest> requests = streams.attach(answers);
        for (int i = 0; i < N_ROUNDS; i++) {
            StdinData in = StdinData.newBuilder().setOffset(i).setData(ByteString.copyFromUtf8("round " + i)).build();
            requests.onNext(AttachRequest.newBuilder().setStdin(in).build());
            OutputData out = ((AttachResponse) answers.next()).getOutput();
            expect(out.getOffset(), (long) i);
            expect(out.getData(), in.getData());
        }
        requests.onCompleted();
        expect(answers.next(), Answers.END);
        System.out.println("bidi");
    }

    private static void call(String target) throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forTarget(target).usePlaintext().build();
        try {
            callUnary(FileServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS));
            callRead(FileServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS));
            callWrite(FileServiceGrpc.newStub(channel).withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS));
            callAttach(StreamServiceGrpc.newStub(channel).withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS));
        } finally {
            channel.shutdownNow();
        }
        System.out.println("ok");
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 1 && args[0].equals("serve")) {
            serve();
        } else if (args.length == 2 && args[0].equals("call")) {
            call(args[1]);
        } else {
            System.err.println("usage: Kinds serve | Kinds call HOST:PORT");
            System.exit(2);
        }
    }
}
