package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class ExecServiceGrpc {

  private ExecServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.ExecService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.RunRequest,
      dev.agentsandbox.v1.RunResponse> getRunMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Run",
      requestType = dev.agentsandbox.v1.RunRequest.class,
      responseType = dev.agentsandbox.v1.RunResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.RunRequest,
      dev.agentsandbox.v1.RunResponse> getRunMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.RunRequest, dev.agentsandbox.v1.RunResponse> getRunMethod;
    if ((getRunMethod = ExecServiceGrpc.getRunMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getRunMethod = ExecServiceGrpc.getRunMethod) == null) {
          ExecServiceGrpc.getRunMethod = getRunMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.RunRequest, dev.agentsandbox.v1.RunResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Run"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RunRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RunResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("Run"))
              .build();
        }
      }
    }
    return getRunMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.StartRequest,
      dev.agentsandbox.v1.StartResponse> getStartMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Start",
      requestType = dev.agentsandbox.v1.StartRequest.class,
      responseType = dev.agentsandbox.v1.StartResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.StartRequest,
      dev.agentsandbox.v1.StartResponse> getStartMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.StartRequest, dev.agentsandbox.v1.StartResponse> getStartMethod;
    if ((getStartMethod = ExecServiceGrpc.getStartMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getStartMethod = ExecServiceGrpc.getStartMethod) == null) {
          ExecServiceGrpc.getStartMethod = getStartMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.StartRequest, dev.agentsandbox.v1.StartResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Start"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.StartRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.StartResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("Start"))
              .build();
        }
      }
    }
    return getStartMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListExecsRequest,
      dev.agentsandbox.v1.ListExecsResponse> getListMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "List",
      requestType = dev.agentsandbox.v1.ListExecsRequest.class,
      responseType = dev.agentsandbox.v1.ListExecsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListExecsRequest,
      dev.agentsandbox.v1.ListExecsResponse> getListMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListExecsRequest, dev.agentsandbox.v1.ListExecsResponse> getListMethod;
    if ((getListMethod = ExecServiceGrpc.getListMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getListMethod = ExecServiceGrpc.getListMethod) == null) {
          ExecServiceGrpc.getListMethod = getListMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ListExecsRequest, dev.agentsandbox.v1.ListExecsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "List"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListExecsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListExecsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("List"))
              .build();
        }
      }
    }
    return getListMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetExecRequest,
      dev.agentsandbox.v1.GetExecResponse> getGetMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Get",
      requestType = dev.agentsandbox.v1.GetExecRequest.class,
      responseType = dev.agentsandbox.v1.GetExecResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetExecRequest,
      dev.agentsandbox.v1.GetExecResponse> getGetMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetExecRequest, dev.agentsandbox.v1.GetExecResponse> getGetMethod;
    if ((getGetMethod = ExecServiceGrpc.getGetMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getGetMethod = ExecServiceGrpc.getGetMethod) == null) {
          ExecServiceGrpc.getGetMethod = getGetMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.GetExecRequest, dev.agentsandbox.v1.GetExecResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Get"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetExecRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetExecResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("Get"))
              .build();
        }
      }
    }
    return getGetMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WaitRequest,
      dev.agentsandbox.v1.WaitResponse> getWaitMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Wait",
      requestType = dev.agentsandbox.v1.WaitRequest.class,
      responseType = dev.agentsandbox.v1.WaitResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WaitRequest,
      dev.agentsandbox.v1.WaitResponse> getWaitMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WaitRequest, dev.agentsandbox.v1.WaitResponse> getWaitMethod;
    if ((getWaitMethod = ExecServiceGrpc.getWaitMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getWaitMethod = ExecServiceGrpc.getWaitMethod) == null) {
          ExecServiceGrpc.getWaitMethod = getWaitMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WaitRequest, dev.agentsandbox.v1.WaitResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Wait"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WaitRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WaitResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("Wait"))
              .build();
        }
      }
    }
    return getWaitMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.SignalRequest,
      dev.agentsandbox.v1.SignalResponse> getSignalMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Signal",
      requestType = dev.agentsandbox.v1.SignalRequest.class,
      responseType = dev.agentsandbox.v1.SignalResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.SignalRequest,
      dev.agentsandbox.v1.SignalResponse> getSignalMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.SignalRequest, dev.agentsandbox.v1.SignalResponse> getSignalMethod;
    if ((getSignalMethod = ExecServiceGrpc.getSignalMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getSignalMethod = ExecServiceGrpc.getSignalMethod) == null) {
          ExecServiceGrpc.getSignalMethod = getSignalMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.SignalRequest, dev.agentsandbox.v1.SignalResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Signal"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.SignalRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.SignalResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("Signal"))
              .build();
        }
      }
    }
    return getSignalMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ResizeRequest,
      dev.agentsandbox.v1.ResizeResponse> getResizeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Resize",
      requestType = dev.agentsandbox.v1.ResizeRequest.class,
      responseType = dev.agentsandbox.v1.ResizeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ResizeRequest,
      dev.agentsandbox.v1.ResizeResponse> getResizeMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ResizeRequest, dev.agentsandbox.v1.ResizeResponse> getResizeMethod;
    if ((getResizeMethod = ExecServiceGrpc.getResizeMethod) == null) {
      synchronized (ExecServiceGrpc.class) {
        if ((getResizeMethod = ExecServiceGrpc.getResizeMethod) == null) {
          ExecServiceGrpc.getResizeMethod = getResizeMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ResizeRequest, dev.agentsandbox.v1.ResizeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Resize"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ResizeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ResizeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ExecServiceMethodDescriptorSupplier("Resize"))
              .build();
        }
      }
    }
    return getResizeMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ExecServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ExecServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ExecServiceStub>() {
        @java.lang.Override
        public ExecServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ExecServiceStub(channel, callOptions);
        }
      };
    return ExecServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static ExecServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ExecServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ExecServiceBlockingV2Stub>() {
        @java.lang.Override
        public ExecServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ExecServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return ExecServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ExecServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ExecServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ExecServiceBlockingStub>() {
        @java.lang.Override
        public ExecServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ExecServiceBlockingStub(channel, callOptions);
        }
      };
    return ExecServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ExecServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ExecServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ExecServiceFutureStub>() {
        @java.lang.Override
        public ExecServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ExecServiceFutureStub(channel, callOptions);
        }
      };
    return ExecServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Start, feed stdin, wait, and return bounded output: for short commands. Cancelling the call, or its deadline, ends the command.
     * Errors: INVALID_ARGUMENT (BadRequest), RESOURCE_EXHAUSTED (TooManyExecs). A command that cannot be started is no error: the record
     * says START_FAILED with exit_code 127 (CommandNotFound) or 126 (NotExecutable), as a shell has it.
     * </pre>
     */
    default void run(dev.agentsandbox.v1.RunRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RunResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRunMethod(), responseObserver);
    }

    /**
     * <pre>
     * Starts a command and returns at once. Idempotent by request_id.
     * </pre>
     */
    default void start(dev.agentsandbox.v1.StartRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StartResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getStartMethod(), responseObserver);
    }

    /**
     * <pre>
     * Live execs and the records of ended ones, oldest first.
     * </pre>
     */
    default void list(dev.agentsandbox.v1.ListExecsRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListExecsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListMethod(), responseObserver);
    }

    /**
     * <pre>
     * Errors of this and the following: NOT_FOUND (ExecNotFound).
     * </pre>
     */
    default void get(dev.agentsandbox.v1.GetExecRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetExecResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns when it has ended, or at the deadline.
     * </pre>
     */
    default void wait(dev.agentsandbox.v1.WaitRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WaitResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWaitMethod(), responseObserver);
    }

    /**
     * <pre>
     * To the process group. FAILED_PRECONDITION (ExecEnded) when it has ended.
     * </pre>
     */
    default void signal(dev.agentsandbox.v1.SignalRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.SignalResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSignalMethod(), responseObserver);
    }

    /**
     * <pre>
     * Of its terminal. FAILED_PRECONDITION (NoTerminal).
     * </pre>
     */
    default void resize(dev.agentsandbox.v1.ResizeRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ResizeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResizeMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service ExecService.
   * <pre>
   * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static abstract class ExecServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return ExecServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service ExecService.
   * <pre>
   * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ExecServiceStub
      extends io.grpc.stub.AbstractAsyncStub<ExecServiceStub> {
    private ExecServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ExecServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ExecServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Start, feed stdin, wait, and return bounded output: for short commands. Cancelling the call, or its deadline, ends the command.
     * Errors: INVALID_ARGUMENT (BadRequest), RESOURCE_EXHAUSTED (TooManyExecs). A command that cannot be started is no error: the record
     * says START_FAILED with exit_code 127 (CommandNotFound) or 126 (NotExecutable), as a shell has it.
     * </pre>
     */
    public void run(dev.agentsandbox.v1.RunRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RunResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRunMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Starts a command and returns at once. Idempotent by request_id.
     * </pre>
     */
    public void start(dev.agentsandbox.v1.StartRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StartResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getStartMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Live execs and the records of ended ones, oldest first.
     * </pre>
     */
    public void list(dev.agentsandbox.v1.ListExecsRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListExecsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Errors of this and the following: NOT_FOUND (ExecNotFound).
     * </pre>
     */
    public void get(dev.agentsandbox.v1.GetExecRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetExecResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns when it has ended, or at the deadline.
     * </pre>
     */
    public void wait(dev.agentsandbox.v1.WaitRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WaitResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getWaitMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * To the process group. FAILED_PRECONDITION (ExecEnded) when it has ended.
     * </pre>
     */
    public void signal(dev.agentsandbox.v1.SignalRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.SignalResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSignalMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Of its terminal. FAILED_PRECONDITION (NoTerminal).
     * </pre>
     */
    public void resize(dev.agentsandbox.v1.ResizeRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ResizeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResizeMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service ExecService.
   * <pre>
   * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ExecServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<ExecServiceBlockingV2Stub> {
    private ExecServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ExecServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ExecServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Start, feed stdin, wait, and return bounded output: for short commands. Cancelling the call, or its deadline, ends the command.
     * Errors: INVALID_ARGUMENT (BadRequest), RESOURCE_EXHAUSTED (TooManyExecs). A command that cannot be started is no error: the record
     * says START_FAILED with exit_code 127 (CommandNotFound) or 126 (NotExecutable), as a shell has it.
     * </pre>
     */
    public dev.agentsandbox.v1.RunResponse run(dev.agentsandbox.v1.RunRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Starts a command and returns at once. Idempotent by request_id.
     * </pre>
     */
    public dev.agentsandbox.v1.StartResponse start(dev.agentsandbox.v1.StartRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getStartMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Live execs and the records of ended ones, oldest first.
     * </pre>
     */
    public dev.agentsandbox.v1.ListExecsResponse list(dev.agentsandbox.v1.ListExecsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors of this and the following: NOT_FOUND (ExecNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.GetExecResponse get(dev.agentsandbox.v1.GetExecRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns when it has ended, or at the deadline.
     * </pre>
     */
    public dev.agentsandbox.v1.WaitResponse wait(dev.agentsandbox.v1.WaitRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getWaitMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * To the process group. FAILED_PRECONDITION (ExecEnded) when it has ended.
     * </pre>
     */
    public dev.agentsandbox.v1.SignalResponse signal(dev.agentsandbox.v1.SignalRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSignalMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Of its terminal. FAILED_PRECONDITION (NoTerminal).
     * </pre>
     */
    public dev.agentsandbox.v1.ResizeResponse resize(dev.agentsandbox.v1.ResizeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResizeMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service ExecService.
   * <pre>
   * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ExecServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<ExecServiceBlockingStub> {
    private ExecServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ExecServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ExecServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Start, feed stdin, wait, and return bounded output: for short commands. Cancelling the call, or its deadline, ends the command.
     * Errors: INVALID_ARGUMENT (BadRequest), RESOURCE_EXHAUSTED (TooManyExecs). A command that cannot be started is no error: the record
     * says START_FAILED with exit_code 127 (CommandNotFound) or 126 (NotExecutable), as a shell has it.
     * </pre>
     */
    public dev.agentsandbox.v1.RunResponse run(dev.agentsandbox.v1.RunRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Starts a command and returns at once. Idempotent by request_id.
     * </pre>
     */
    public dev.agentsandbox.v1.StartResponse start(dev.agentsandbox.v1.StartRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getStartMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Live execs and the records of ended ones, oldest first.
     * </pre>
     */
    public dev.agentsandbox.v1.ListExecsResponse list(dev.agentsandbox.v1.ListExecsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors of this and the following: NOT_FOUND (ExecNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.GetExecResponse get(dev.agentsandbox.v1.GetExecRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns when it has ended, or at the deadline.
     * </pre>
     */
    public dev.agentsandbox.v1.WaitResponse wait(dev.agentsandbox.v1.WaitRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getWaitMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * To the process group. FAILED_PRECONDITION (ExecEnded) when it has ended.
     * </pre>
     */
    public dev.agentsandbox.v1.SignalResponse signal(dev.agentsandbox.v1.SignalRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSignalMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Of its terminal. FAILED_PRECONDITION (NoTerminal).
     * </pre>
     */
    public dev.agentsandbox.v1.ResizeResponse resize(dev.agentsandbox.v1.ResizeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResizeMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service ExecService.
   * <pre>
   * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
   * </pre>
   */
  public static final class ExecServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<ExecServiceFutureStub> {
    private ExecServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ExecServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ExecServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Start, feed stdin, wait, and return bounded output: for short commands. Cancelling the call, or its deadline, ends the command.
     * Errors: INVALID_ARGUMENT (BadRequest), RESOURCE_EXHAUSTED (TooManyExecs). A command that cannot be started is no error: the record
     * says START_FAILED with exit_code 127 (CommandNotFound) or 126 (NotExecutable), as a shell has it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.RunResponse> run(
        dev.agentsandbox.v1.RunRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRunMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Starts a command and returns at once. Idempotent by request_id.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.StartResponse> start(
        dev.agentsandbox.v1.StartRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getStartMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Live execs and the records of ended ones, oldest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ListExecsResponse> list(
        dev.agentsandbox.v1.ListExecsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Errors of this and the following: NOT_FOUND (ExecNotFound).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.GetExecResponse> get(
        dev.agentsandbox.v1.GetExecRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns when it has ended, or at the deadline.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.WaitResponse> wait(
        dev.agentsandbox.v1.WaitRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getWaitMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * To the process group. FAILED_PRECONDITION (ExecEnded) when it has ended.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.SignalResponse> signal(
        dev.agentsandbox.v1.SignalRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSignalMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Of its terminal. FAILED_PRECONDITION (NoTerminal).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ResizeResponse> resize(
        dev.agentsandbox.v1.ResizeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResizeMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_RUN = 0;
  private static final int METHODID_START = 1;
  private static final int METHODID_LIST = 2;
  private static final int METHODID_GET = 3;
  private static final int METHODID_WAIT = 4;
  private static final int METHODID_SIGNAL = 5;
  private static final int METHODID_RESIZE = 6;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_RUN:
          serviceImpl.run((dev.agentsandbox.v1.RunRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RunResponse>) responseObserver);
          break;
        case METHODID_START:
          serviceImpl.start((dev.agentsandbox.v1.StartRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StartResponse>) responseObserver);
          break;
        case METHODID_LIST:
          serviceImpl.list((dev.agentsandbox.v1.ListExecsRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListExecsResponse>) responseObserver);
          break;
        case METHODID_GET:
          serviceImpl.get((dev.agentsandbox.v1.GetExecRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetExecResponse>) responseObserver);
          break;
        case METHODID_WAIT:
          serviceImpl.wait((dev.agentsandbox.v1.WaitRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WaitResponse>) responseObserver);
          break;
        case METHODID_SIGNAL:
          serviceImpl.signal((dev.agentsandbox.v1.SignalRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.SignalResponse>) responseObserver);
          break;
        case METHODID_RESIZE:
          serviceImpl.resize((dev.agentsandbox.v1.ResizeRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ResizeResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getRunMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.RunRequest,
              dev.agentsandbox.v1.RunResponse>(
                service, METHODID_RUN)))
        .addMethod(
          getStartMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.StartRequest,
              dev.agentsandbox.v1.StartResponse>(
                service, METHODID_START)))
        .addMethod(
          getListMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ListExecsRequest,
              dev.agentsandbox.v1.ListExecsResponse>(
                service, METHODID_LIST)))
        .addMethod(
          getGetMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.GetExecRequest,
              dev.agentsandbox.v1.GetExecResponse>(
                service, METHODID_GET)))
        .addMethod(
          getWaitMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WaitRequest,
              dev.agentsandbox.v1.WaitResponse>(
                service, METHODID_WAIT)))
        .addMethod(
          getSignalMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.SignalRequest,
              dev.agentsandbox.v1.SignalResponse>(
                service, METHODID_SIGNAL)))
        .addMethod(
          getResizeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ResizeRequest,
              dev.agentsandbox.v1.ResizeResponse>(
                service, METHODID_RESIZE)))
        .build();
  }

  private static abstract class ExecServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ExecServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.Exec.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ExecService");
    }
  }

  private static final class ExecServiceFileDescriptorSupplier
      extends ExecServiceBaseDescriptorSupplier {
    ExecServiceFileDescriptorSupplier() {}
  }

  private static final class ExecServiceMethodDescriptorSupplier
      extends ExecServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    ExecServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (ExecServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ExecServiceFileDescriptorSupplier())
              .addMethod(getRunMethod())
              .addMethod(getStartMethod())
              .addMethod(getListMethod())
              .addMethod(getGetMethod())
              .addMethod(getWaitMethod())
              .addMethod(getSignalMethod())
              .addMethod(getResizeMethod())
              .build();
        }
      }
    }
    return result;
  }
}
